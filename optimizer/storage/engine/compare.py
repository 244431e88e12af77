"""Finds equal files among larger ones of one size, by their bytes."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from optimizer.storage.engine.reader import Inode, OpenFile, Reader
from optimizer.storage.engine.record import Record

#: Up to this size a file is read whole at once: to read its ends first would cost about as much.
_WHOLE: Final = 64 * 1024
_END: Final = 4096
#: Read at once. Two of them stay in the cache next to a core.
_CHUNK: Final = 128 * 1024
_ZEROS: Final = bytes(_CHUNK)
#: So many files of one size are compared side by side. Of more, each is digested: that takes neither memory nor many
#: open files.
_ABREAST: Final = 128

#: A digest, empty or of no meaning where none is asked for, and files of that content.
_Equal = tuple[bytes, list[OpenFile]]


def by_inode(records: list[Record]) -> list[Inode]:
    """All names of each inode."""
    inodes: dict[tuple[int, int], Inode] = {}
    for record in records:
        inodes.setdefault((record.device, record.inode), []).append(record)
    return list(inodes.values())


class Compare:
    """One process's part of it."""

    def __init__(self, reader: Reader, *, digests: bool, learns: bool) -> None:
        """Without `digests`, the groups have none.

        With `learns`, files of which the beginning had to be read beyond their ends are read to their end, even if
        they equal no other one: then their digests are known, and they need not be read again.
        """
        self.learned: list[tuple[bytes, Record]] = []  #: digests of files of which none was known
        self.misses = 0  #: names of files that were compared as none was known
        self._reader = reader
        self._digests = digests
        self._learns = learns
        self._least = 1 if learns else 2  # files that are worth to be read on
        self._buffers = bytearray(_CHUNK), bytearray(_CHUNK)

    def groups(self, records: list[Record]) -> Iterator[tuple[bytes, list[Record]]]:
        """The groups among files of one size: digest, and all names.

        Of files whose digests are known to be equal, one is compared with those of which none is known.
        """
        known: dict[bytes, list[Inode]] = {}
        unknown: list[Inode] = []
        for inode in by_inode(records):
            if inode[0].digest:
                known.setdefault(inode[0].digest, []).append(inode)
            else:
                unknown.append(inode)
        self.misses += sum(map(len, unknown))
        if unknown:
            for digest, files in self._found([*unknown, *(inodes[0] for inodes in known.values())], records[0].size):
                equal = [known.pop(file[0].digest, [file]) if file[0].digest else [file] for file in files]
                if digest and self._learns:
                    self.learned.extend((digest, file[0]) for file in files if not file[0].digest)
                yield digest, [name for inodes in equal for inode in inodes for name in inode]
        for digest, inodes in known.items():
            if len(inodes) > 1:
                yield digest, [name for inode in inodes for name in inode]

    def _found(self, inodes: list[Inode], size: int) -> Iterator[tuple[bytes, list[Inode]]]:
        if len(inodes) > _ABREAST:
            find = self._digested
        elif size <= _WHOLE:
            find = self._read_whole
        else:
            find = self._compared
        for digest, files in find(inodes):
            yield digest if self._digests else b"", [file.names for file in files]

    def _read_whole(self, inodes: list[Inode]) -> Iterator[_Equal]:
        """Few and small enough to have all their contents in memory."""
        equal: dict[bytes, list[OpenFile]] = {}
        for file in self._each(inodes):
            content = self._reader.read(file, file.size, 0)
            if content is not None and self._reader.unchanged([file]):
                equal.setdefault(content, []).append(file)
        for content, files in equal.items():
            if len(files) >= self._least:
                yield hashlib.sha256(content).digest() if self._digests else b"", files

    def _compared(self, inodes: list[Inode]) -> Iterator[_Equal]:
        with self._reader.opened(inodes) as files:
            for alike in self._by_ends(files):
                for digest, equal in self._side_by_side(alike):
                    yield digest, self._reader.unchanged(equal)

    def _digested(self, inodes: list[Inode]) -> Iterator[_Equal]:
        equal: dict[bytes, list[OpenFile]] = {}
        for alike in self._by_ends(self._each(inodes)):
            for file in self._each([file.names for file in alike]):
                digest = self._digest(file)
                if digest is not None and self._reader.unchanged([file]):
                    equal.setdefault(digest, []).append(file)
        yield from equal.items()

    def _each(self, inodes: list[Inode]) -> Iterator[OpenFile]:
        """Only one of them is open at a time."""
        for inode in inodes:
            with self._reader.opened([inode]) as files:
                yield from files

    def _by_ends(self, files: Iterable[OpenFile]) -> list[list[OpenFile]]:
        """Those that have the same first and last bytes as another one."""
        alike: dict[bytes, list[OpenFile]] = {}
        for file in files:
            first = self._reader.read(file, _END, 0)
            last = self._reader.read(file, _END, file.size - _END)
            if first is not None and last is not None:
                alike.setdefault(first + last, []).append(file)
        return [files for files in alike.values() if len(files) > 1]

    def _side_by_side(self, files: list[OpenFile]) -> Iterator[_Equal]:
        """Piece by piece; where a piece differs, those that differ go on among themselves from there.

        Equal pieces make equal digests, so one is made for all of them.
        """
        size = files[0].size
        waiting = [(files, 0, hashlib.sha256())]
        while waiting:
            files, at, content = waiting.pop()
            while at < size and len(files) >= self._least:
                hole = min(self._reader.hole(file, at) for file in files)
                if hole:
                    self._add_zeros(content, hole)
                    at += hole
                    continue
                piece, files, others = self._split(files, at, min(_CHUNK, size - at))
                if len(others) >= self._least:
                    waiting.append((others, at, content.copy()))
                if self._digests and len(files) >= self._least:
                    content.update(piece)
                at += len(piece)
            if len(files) >= self._least:
                yield content.digest(), files

    def _add_zeros(self, content: "hashlib._Hash", count: int) -> None:
        """What a hole reads as, without reading it."""
        if self._digests:
            for at in range(0, count, _CHUNK):
                content.update(_ZEROS[: count - at])

    def _split(self, files: list[OpenFile], at: int, size: int) -> tuple[bytearray, list[OpenFile], list[OpenFile]]:
        """A piece of the first file that can be read, the files that have the same there, and those that have not."""
        piece, another = self._buffers if size == _CHUNK else (bytearray(size), bytearray(size))
        same: list[OpenFile] = []
        others: list[OpenFile] = []
        for file in files:
            if not same:
                if self._reader.fill(piece, file, at):
                    same.append(file)
            elif self._reader.fill(another, file, at):
                (same if another == piece else others).append(file)
        return piece, same, others

    def _digest(self, file: OpenFile) -> bytes | None:
        size, content = file.size, hashlib.sha256()
        for at in range(0, size, _CHUNK):
            piece, same, _ = self._split([file], at, min(_CHUNK, size - at))
            if not same:
                return None
            content.update(piece)
        return content.digest()
