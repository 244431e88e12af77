"""What a search found: the groups in files, and of each an entry that sorts it among the others."""

import marshal
import mmap
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from struct import Struct
from typing import Any, Final, NamedTuple

from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.spill import Spill

#: One name of a file that has copies: path, device, inode, mtime and atime in ns. There may be very many.
FoundName = tuple[bytes, int, int, int, int]


class FoundGroup(NamedTuple):
    digest: bytes  #: SHA-256; empty where it was not asked for
    size: int
    copies: int  #: inodes
    names: list[FoundName]


#: A group, to whatever bytes the answer shall have for it.
Render = Callable[[FoundGroup], bytes]

#: Bytes that are read of the groups before what they are in is let go of.
_MAPPED: Final = 16 << 20

#: The highest number minus the bytes that could be given back; digest, or else a digest of the first path; process;
#: where the group is in its file. So those that waste most come first, then by digest.
_ENTRY: Final = Struct(">Q32sHQI")
_HIGHEST: Final = (1 << 64) - 1


def packed(group: FoundGroup) -> bytes:
    """To render groups for `unpacked`."""
    return marshal.dumps(tuple(group))


def unpacked(rendered: bytes) -> FoundGroup:
    # Only ever what `packed` made, as marshal trusts what it reads
    return FoundGroup(*marshal.loads(rendered))  # noqa: S302


class Writer:
    """The groups that one process finds."""

    def __init__(self, process: int, spill: Spill, render: Render) -> None:
        self.entries: list[bytes] = []
        self.copies = self.gain = 0  #: redundant copies, and their bytes
        self._process = process
        self._spill = spill
        self._render = render

    def add(self, digest: bytes, size: int, names: list[FoundName], *, may_be_linked: bool = True) -> None:
        """Files of equal content, unless all are names of one inode, which is looked for if they `may_be_linked`."""
        copies = len({name[1:3] for name in names}) if may_be_linked else len(names)
        if copies > 1:
            gain = (copies - 1) * size
            names.sort()
            begin, length = self._spill.gather(self._render(FoundGroup(digest, size, copies, names)))
            sorts = digest or _sorting(names[0][0])
            self.entries.append(_ENTRY.pack(_HIGHEST - gain, sorts, self._process, begin, length))
            self.copies += copies - 1
            self.gain += gain


def _sorting(path: bytes) -> bytes:
    from hashlib import sha256  # noqa: PLC0415 - takes long to import, and who only measures does without

    return sha256(path).digest()


def merged(entries: Sequence[list[bytes]]) -> bytes:
    """Those of all processes, of which each has sorted its own."""
    return b"".join(sorted(chain(*entries)))  # which takes what is in order as it is


def gathered(entries: bytes, files: Sequence[int]) -> tuple[bytes, Iterator[bytes]]:
    """The groups as if the first process had found all: their entries, and the pieces of what its file holds."""
    groups, told, at = Groups.in_files(entries, files), [], 0
    for value, sorts, _, _, length in _ENTRY.iter_unpack(entries):
        told.append(_ENTRY.pack(value, sorts, 0, at, length))
        at += length
    return b"".join(told), iter(groups)


class Groups:
    """The groups as they were rendered, in memory only as far as the kernel sees fit."""

    def __init__(self, entries: bytes, contents: Sequence[bytes | mmap.mmap]) -> None:
        """`contents` by the numbers of the processes that wrote them."""
        self._entries = entries
        self._contents = contents

    @classmethod
    def in_files(cls, entries: bytes, files: Sequence[int]) -> "Groups":
        """The files may be closed afterwards."""
        return cls(entries, [mmap.mmap(file, 0, access=mmap.ACCESS_READ) if entries else b"" for file in files])

    def __len__(self) -> int:
        return len(self._entries) // _ENTRY.size

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        for entry in _ENTRY.iter_unpack(self._entries):
            rendered = self._rendered(entry)
            yield rendered
            read += len(rendered)
            if read > _MAPPED:
                read = 0
                self._unmap()

    def _unmap(self) -> None:
        """Let go of what was read: it counts as memory of this process, though it is the kernel's to keep or not."""
        for content in self._contents:
            if isinstance(content, mmap.mmap):
                content.madvise(mmap.MADV_DONTNEED)

    def rendered(self, number: int) -> bytes:
        return self._rendered(_ENTRY.unpack_from(self._entries, number * _ENTRY.size))

    def _rendered(self, entry: tuple[Any, ...]) -> bytes:
        _, _, process, begin, length = entry
        content = self._contents[process]
        return content[begin : begin + length] if content else b""


class Found(NamedTuple):
    groups: Groups
    files: int  #: names of regular files that were met
    folders: int
    size: int  #: bytes of all inodes that were met
    copies: int  #: redundant ones of all groups
    gain: int  #: their bytes
    bytes_read: int
    notes: Notes
