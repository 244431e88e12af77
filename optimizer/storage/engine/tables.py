"""What all processes saw, as each of them reads it before the comparing begins."""

from collections.abc import Iterator
from typing import NamedTuple

from optimizer.storage.engine.crew import Board, Crew
from optimizer.storage.engine.handing import get, put
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.scan import Scan
from optimizer.storage.engine.spill import BUCKETS, Extents, Spill

#: Size, device, inode and ctime in ns of a larger file.
State = tuple[int, int, int, int]


class Place(NamedTuple):
    """Where a name is: the number of a folder among those of the process that saw it."""

    worker: int
    folder: int
    name: bytes


class Table(NamedTuple):
    """What one process saw."""

    folders: list[tuple[int, bytes]]
    extents: list[Extents]
    larger: list[tuple[int, int, int, int, int, bytes]]


def publish(scan: Scan, spill: Spill, crew: Crew) -> None:
    """For the others to read."""
    for bucket in range(BUCKETS):
        spill.flush(bucket)
    put(crew, spill, (scan.folders, spill.extents, scan.larger))


class Tables:
    """Those of all processes, by their numbers; `files` has their descriptors."""

    def __init__(self, roots: list[Root], files: list[int], board: Board) -> None:
        self.roots = roots
        self.files = files
        self.all: list[Table] = []
        for worker in range(board.size):
            self.all.append(Table(*get(board, files, worker)))
        self._prefixes: list[dict[int, bytes]] = [{} for _ in self.all]

    def folder(self, place: Place) -> tuple[int, Root, bytes]:
        """The root's number, the root, and the path below it."""
        number, folder = self.all[place.worker].folders[place.folder]
        return number, self.roots[number], folder

    def path(self, worker: int, folder: int, name: bytes) -> bytes:
        """As it is shown. Called for every name of a group."""
        prefix = self._prefixes[worker].get(folder)
        if prefix is None:
            number, inside = self.all[worker].folders[folder]
            root = self.roots[number]
            # A root that is a file has one name, which is not asked for again
            prefix = root.path_of(inside, name)[: -len(name) or None]
            self._prefixes[worker][folder] = prefix
        return prefix + name

    def larger(self) -> Iterator[tuple[Place, State]]:
        """Every name of a file that is not small."""
        for worker, table in enumerate(self.all):
            for size, device, inode, changed_ns, folder, name in table.larger:
                yield Place(worker, folder, name), (size, device, inode, changed_ns)
