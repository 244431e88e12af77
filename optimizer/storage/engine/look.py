"""Looks at the state of every file, and reads none: what a cache knows of a file in this state needs no reading."""

import os
import stat
import sys
from collections.abc import Iterator
from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple

from optimizer.hashing.kept import ROW_SIZE, pack_row
from optimizer.ports import FileKey
from optimizer.storage.engine.crew import Pulse
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.record import LINKED
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.spill import Extent, Spill, read
from optimizer.storage.engine.walker import Met, Walker

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_TYPE, _REGULAR = stat.S_IFMT(0xFFFF), stat.S_IFREG
#: atime in ns, and flags of the record.
_EXTRA: Final = Struct("<qB")

#: The state of a file as the cache has it, its atime in ns, flags, and its name.
State = tuple[bytes, int, int, bytes]


class Seen(NamedTuple):
    """A folder, or some of the names in it, as `Look` kept it. For marshal, it is a tuple."""

    folder: FileKey
    extent: Extent
    files: int  #: with content


class Look:
    """What one process sees."""

    def __init__(self, roots: list[Root], notes: Notes) -> None:
        self.folders: list[tuple[int, bytes]] = []  #: root and path below it, by the number that records have
        self.seen: list[Seen] = []  #: by the same number
        self.digests: list[bytes] = []  #: of the states and names of each; all together they tell any change
        self.folder_count = 0
        self.file_count = 0  #: names of regular files
        self.size = 0  #: bytes of those that have only one name
        self._roots = roots
        self._notes = notes

    def run(self, walker: Walker, spill: Spill, pulse: Pulse) -> None:
        """Until no folder is left, for any process. The walker gives the names of regular files."""
        for met in walker.met():
            files, root = self.file_count, self._roots[met.number]
            self.folder_count += met.status is not None
            self.folders.append((met.number, met.folder))
            self.seen.append(self._look(met, spill))
            pulse.beat(root.path_of(met.folder), files=self.file_count - files)

    def _look(self, met: Met, spill: Spill) -> Seen:
        """All in one loop, as a call for each of very many files would take long."""
        root, descriptor = self._roots[met.number], met.descriptor
        rows, extras, names = [], [], []
        files = total = 0
        for name in met.names:
            try:
                status = os.lstat(name, dir_fd=descriptor) if root.is_folder else os.fstat(descriptor)
            except OSError as error:
                self._notes.error(root.path_of(met.folder, os.fsencode(name)), error)
                continue
            mode, inode, device, links, _, _, size, _, _, _ = status  # faster than by their names
            if mode & _TYPE != _REGULAR:
                continue
            files += 1
            if links == 1:
                total += size
            if size:
                rows.append(pack_row(device, inode, size, status.st_mtime_ns, status.st_ctime_ns))
                extras.append(_EXTRA.pack(status.st_atime_ns, LINKED if links > 1 else 0))
                names.append(name.encode(_ENCODING, _ERRORS))
        self.file_count += files
        self.size += total
        state, told = b"".join(rows), b"\0".join(names)
        self.digests.append(sha256(b"%d\0%b\0%d\0%b%b" % (met.number, met.folder, len(rows), state, told)).digest())
        return Seen(_key(root, met), spill.gather(b"".join((state, *extras, told))), len(rows))


def _key(root: Root, met: Met) -> FileKey:
    """Of a root that is a file, the folder that it is in."""
    try:
        above = os.path.dirname(root.path) or b"."  # noqa: PTH120 - bytes
        status = os.fstat(met.descriptor) if root.is_folder else os.stat(above)  # noqa: PTH116
    except OSError:  # it could not be opened, so nothing in it was seen; or it was moved meanwhile
        return FileKey(0, 0)
    return FileKey(status.st_dev, status.st_ino)


def states(file: int, seen: Seen) -> Iterator[State]:
    """The files of a folder, as they were seen."""
    _, extent, files = seen
    content = read(file, extent)
    extras = files * ROW_SIZE
    names = extras + files * _EXTRA.size
    found = _EXTRA.iter_unpack(content[extras:names])
    for number, (name, (atime_ns, flags)) in enumerate(zip(content[names:].split(b"\0"), found, strict=False)):
        yield content[number * ROW_SIZE : (number + 1) * ROW_SIZE], atime_ns, flags, name
