"""What one process keeps for the others, in a file without a name: it is gone as soon as nobody has it open."""

import marshal
import os
from typing import Any, Final

#: Files of equal content have equal digests, so all of them are in one bucket.
BUCKETS: Final = 64
#: Records of a bucket beyond this go to the file.
SPILL_AT: Final = 64 * 1024
_FOLDERS: Final = ("/var/tmp", "/tmp")  # noqa: S108 - O_TMPFILE makes no name there that anybody could guess

Extents = list[tuple[int, int]]


def open_nameless() -> int:
    """A file for temporary bytes; in memory where no folder for such files can have one."""
    for folder in _FOLDERS:
        try:
            return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            continue
    return os.memfd_create("search")


class Spill:
    """The records of one process by bucket: the last 64 KiB of each in memory, the rest in its file."""

    def __init__(self, descriptor: int) -> None:
        self.buckets = [bytearray() for _ in range(BUCKETS)]
        self.extents: list[Extents] = [[] for _ in range(BUCKETS)]  #: of each bucket, where its parts are in the file
        self._descriptor = descriptor
        self._end = 0

    def flush(self, bucket: int) -> None:
        """Write the bucket to the file."""
        records = self.buckets[bucket]
        if records:
            self.extents[bucket].append(self._append(records))
            records.clear()

    def put(self, value: Any) -> tuple[int, int]:
        """Write anything that marshal can write. Returns where it is, and its size."""
        return self._append(marshal.dumps(value))

    def _append(self, content: bytes | bytearray) -> tuple[int, int]:
        begin = self._end
        with memoryview(content) as view:
            while self._end - begin < len(content):
                self._end += os.pwrite(self._descriptor, view[self._end - begin :], self._end)
        return begin, len(content)


def read_extents(descriptor: int, extents: Extents) -> bytes:
    return b"".join(_read(descriptor, size, begin) for begin, size in extents)


def load(descriptor: int, begin: int, size: int) -> Any:
    """What `put` wrote. Only ever read from a file that this program made, as marshal trusts what it reads."""
    return marshal.loads(_read(descriptor, size, begin))  # noqa: S302


def _read(descriptor: int, size: int, begin: int) -> bytes:
    parts = []
    while size and (part := os.pread(descriptor, size, begin)):  # a call reads 2 GiB at most
        parts.append(part)
        begin, size = begin + len(part), size - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
