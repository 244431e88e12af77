"""What one process measures: sums of all that it met, and of linked and large files what it takes to merge them."""

import os
import stat
from collections.abc import Sequence
from typing import NamedTuple

from optimizer.storage.engine.crew import Pulse
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.roots import Root, join
from optimizer.storage.engine.walker import Met, Walker

#: `st_blocks` counts units of so many bytes, whatever the filesystem's block size; see stat(2).
BLOCK = 512
_TYPE, _REGULAR = stat.S_IFMT(0xFFFF), stat.S_IFREG
#: Large files that are kept.
LARGEST = 50

#: Extension, user id, and the numbers of the classes of size and age, where empty files have a class of their own.
Cell = tuple[str, int, int, int]
#: Names, bytes and bytes on disk.
Sums = list[int]
#: Root and path of a folder; whether it was met whole; names of files, their bytes, and the bytes on disk of all.
FolderRow = tuple[int, bytes, bool, int, int, int]
#: Root, and what sorts a name there.
Order = tuple[int, bytes]
#: Minus its size, order; path below the root; bytes on disk, mtime and atime.
LargeRow = tuple[int, Order, bytes, int, float, float]
#: The first name of an inode with several: order, folder, its cell (None: no regular file), and how large it is.
LinkedRow = tuple[Order, bytes, Cell | None, LargeRow]


class Limits(NamedTuple):
    """What the classes of files lie between. A file belongs to the last limit that it reaches."""

    sizes: Sequence[int]  #: three, rising
    changed: Sequence[float]  #: three, falling: mtimes in seconds since 1970 that are not exceeded
    large: int  #: files from this size on are large


class Part(NamedTuple):
    """What one process measured. For marshal, it is a tuple."""

    cells: dict[Cell, Sums]
    folders: list[FolderRow]
    linked: dict[tuple[int, int], LinkedRow]  #: by device and inode
    linked_names: int
    largest: list[LargeRow]
    large: tuple[int, int]  #: large files of one name, and their bytes
    symlinks: int
    other: int  #: sockets, FIFOs and devices
    other_allocated: int  #: bytes on disk of what is neither folder nor regular file


def order(number: int, folder: bytes, name: bytes) -> Order:
    """Sorts names as one walk would meet them: a folder's own entries, then what is in its folders."""
    # What is in a folder begins with 0 and its folders with 1; each ends with 0, which no name has
    return number, (b"\1" + folder.replace(b"/", b"\0\1") + b"\0" if folder else b"") + b"\0" + name


class Measure:
    """What one process does."""

    def __init__(self, roots: list[Root], walker: Walker, notes: Notes, limits: Limits) -> None:
        self._roots = roots
        self._walker = walker
        self._notes = notes
        self._limits = limits
        self._cells: dict[Cell, Sums] = {}
        self._folders: list[FolderRow] = []
        self._linked: dict[tuple[int, int], LinkedRow] = {}
        self._linked_names = 0
        self._largest: list[LargeRow] = []
        self._at_least = 0  # what is smaller is not among the largest
        self._large = self._large_bytes = 0
        self._symlinks = self._other = self._other_allocated = 0

    def run(self, pulse: Pulse) -> Part:
        """Until nothing is left, for any process."""
        for met in self._walker.met():
            files, size = self._look(met)
            pulse.beat(self._roots[met.number].path_of(met.folder), files=files, size=size)
        return Part(
            self._cells,
            self._folders,
            self._linked,
            self._linked_names,
            self._largest,
            (self._large, self._large_bytes),
            self._symlinks,
            self._other,
            self._other_allocated,
        )

    def _look(self, met: Met) -> tuple[int, int]:
        """All that is in it. Returns names of regular files, and bytes."""
        cells = self._cells
        small, medium, great = self._limits.sizes
        week, month, year = self._limits.changed
        large, at_least = self._limits.large, self._at_least
        files, total = 0, 0
        allocated = 0 if met.status is None else met.status.st_blocks * BLOCK
        look = os.lstat if self._roots[met.number].is_folder else _look_at_open
        for name in met.names:
            try:
                status = look(name, dir_fd=met.descriptor)
            except OSError as error:
                self._notes.error(self._roots[met.number].path_of(met.folder, os.fsencode(name)), error)
                continue
            mode, _, _, links, owner, _, size, _, _, _ = status  # faster than by their names
            if mode & _TYPE != _REGULAR:
                allocated += self._add_other(met, name, status)
                continue
            files += 1
            blocks, changed = status.st_blocks * BLOCK, status.st_mtime
            dot = name.rfind(".")
            cell = (
                name[dot:] if dot > 0 and (name[0] != "." or name[:dot].strip(".")) else "",
                owner,
                0 if not size else 1 if size < small else 2 if size < medium else 3 if size < great else 4,
                0 if changed > week else 1 if changed > month else 2 if changed > year else 3,
            )
            sums = cells.get(cell)
            if sums is None:
                sums = cells[cell] = [0, 0, 0]
            sums[0] += 1
            if links > 1:
                self._add_linked(met, name, status, cell)
                continue
            sums[1] += size
            sums[2] += blocks
            total += size
            allocated += blocks
            if size >= large:
                self._large += 1
                self._large_bytes += size
            if size >= at_least:
                at_least = self._add_largest(_row(met, name, status))
        self._folders.append((met.number, met.folder, met.status is not None, files, total, allocated))
        return files, total

    def _add_other(self, met: Met, name: str, status: os.stat_result) -> int:
        """Something that is no regular file: the bytes on disk that are its own alone."""
        if stat.S_ISLNK(status.st_mode):
            self._symlinks += 1
        else:
            self._other += 1
        if status.st_nlink > 1:
            self._add_linked(met, name, status, None)
            return 0
        self._other_allocated += status.st_blocks * BLOCK
        return status.st_blocks * BLOCK

    def _add_linked(self, met: Met, name: str, status: os.stat_result, cell: Cell | None) -> None:
        """Its bytes count for the name that comes first, and nobody knows yet which one that is."""
        self._linked_names += cell is not None
        row = _row(met, name, status)
        key = (status.st_dev, status.st_ino)
        known = self._linked.get(key)
        if known is None or row[1] < known[0]:
            self._linked[key] = (row[1], met.folder, cell, row)

    def _add_largest(self, row: LargeRow) -> int:
        """Returns the size from which on a file may be among the largest."""
        self._largest.append(row)
        if len(self._largest) >= 4 * LARGEST:
            self._largest.sort()
            del self._largest[LARGEST:]
            self._at_least = -self._largest[-1][0]
        return self._at_least


def _look_at_open(_name: str, *, dir_fd: int) -> os.stat_result:
    """What is told of a root that is a file: it is open itself, instead of its folder."""
    return os.fstat(dir_fd)


def _row(met: Met, name: str, status: os.stat_result) -> LargeRow:
    text = os.fsencode(name)
    return (
        -status.st_size,
        order(met.number, met.folder, text),
        join(met.folder, text),
        status.st_blocks * BLOCK,
        status.st_mtime,
        status.st_atime,
    )
