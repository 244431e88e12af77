"""Adds up what each folder holds with everything below it, in one pass and without keeping every folder."""

from dataclasses import dataclass

from optimizer.host.tree import Folder
from optimizer.paths import path_fields
from optimizer.storage.facts import JsonRow
from optimizer.storage.largest import Largest

_KEPT = 50


@dataclass(slots=True)
class FolderTotals:
    """A folder with all that is below it; each inode counts once, where it was met first."""

    folder: Folder
    files: int = 0  #: names of regular files
    size: int = 0  #: bytes of regular files
    allocated: int = 0  #: bytes on disk of everything, the folders themselves included

    @property
    def path(self) -> bytes:
        """Of a tree of one file, the file's."""
        return self.folder.path if self.folder.tree.is_folder else self.folder.tree.path

    def to_json(self) -> JsonRow:
        return {
            **path_fields(self.path),
            "files": self.files,
            "size_bytes": self.size,
            "allocated_bytes": self.allocated,
        }


class FolderSums:
    """Shown every folder in the walk's order (parents first), it knows a folder's sum once the walk has left it."""

    def __init__(self) -> None:
        self.largest: Largest[FolderTotals] = Largest(_KEPT)
        self.children: Largest[FolderTotals] = Largest(_KEPT)  #: those right below a tree
        self.trees: list[FolderTotals] = []
        self._open: list[FolderTotals] = []

    def enter(self, folder: Folder) -> FolderTotals:
        """The sum to add to for as long as the walk is in this folder."""
        self.leave(folder.depth)
        totals = FolderTotals(folder, allocated=folder.allocated)
        self._open.append(totals)
        return totals

    def leave(self, depth: int = 0) -> None:
        """Finish the folders of `depth` and deeper ones."""
        while self._open and self._open[-1].folder.depth >= depth:
            done = self._open.pop()
            if self._open:
                parent = self._open[-1]
                parent.files += done.files
                parent.size += done.size
                parent.allocated += done.allocated
            self._keep(done)

    def _keep(self, done: FolderTotals) -> None:
        self.largest.add(done.allocated, done)
        if done.folder.depth == 0:
            self.trees.append(done)
        elif done.folder.depth == 1:
            self.children.add(done.allocated, done)
