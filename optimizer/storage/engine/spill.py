"""What one process keeps for the others, in a file without a name: it is gone as soon as nobody has it open."""

import marshal
import os
from typing import Any, Final

_FOLDERS: Final = ("/var/tmp", "/tmp")  # noqa: S108 - O_TMPFILE makes no name there that anybody could guess

_GATHERED: Final = 256 * 1024

#: Where something begins in a file, and its size.
Extent = tuple[int, int]


def open_nameless() -> int:
    """A file for temporary bytes; in memory where no folder for such files can have one."""
    for folder in _FOLDERS:
        try:
            return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            continue
    return os.memfd_create("search")


class Spill:
    """Writes at the end of a file that only this process writes to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._end = 0
        self._gathered = bytearray()  # follows what is in the file

    def put(self, value: Any) -> Extent:
        """Write anything that marshal can write."""
        return self.append(marshal.dumps(value))

    def gather(self, content: bytes) -> Extent:
        """As `append`; it may be in the file only after the next `append`."""
        begin = self._end + len(self._gathered)
        self._gathered += content
        if len(self._gathered) > _GATHERED:
            self._write_gathered()
        return begin, len(content)

    def append(self, content: bytes | bytearray) -> Extent:
        self._write_gathered()
        return self._write(content)

    def _write_gathered(self) -> None:
        self._write(self._gathered)
        self._gathered.clear()

    def _write(self, content: bytes | bytearray) -> Extent:
        begin = self._end
        with memoryview(content) as view:
            while self._end - begin < len(content):
                self._end += os.pwrite(self._descriptor, view[self._end - begin :], self._end)
        return begin, len(content)


class Buckets:
    """Bytes by the number of their bucket: the last 64 KiB of each in memory, the rest in a spill."""

    #: Written by the others as `+=`, and `flush` is called above LIMIT: a call for each of very many is too slow.
    LIMIT: Final = 64 * 1024

    def __init__(self, spill: Spill, count: int) -> None:
        self.parts = [bytearray() for _ in range(count)]
        self.extents: list[list[Extent]] = [[] for _ in range(count)]  #: of each bucket, what is in the spill
        self._spill = spill

    def flush(self, bucket: int) -> None:
        if self.parts[bucket]:
            self.extents[bucket].append(self._spill.append(self.parts[bucket]))
            self.parts[bucket].clear()


def load(descriptor: int, extent: Extent) -> Any:
    """What `put` wrote. Only ever read from a file that this program made, as marshal trusts what it reads."""
    return marshal.loads(read(descriptor, extent))  # noqa: S302


def read(descriptor: int, extent: Extent) -> bytes:
    begin, size = extent
    parts = []
    while size and (part := os.pread(descriptor, size, begin)):  # a call reads 2 GiB at most
        parts.append(part)
        begin, size = begin + len(part), size - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
