"""Which files of some trees may have duplicates: those whose size another inode has as well."""

import stat
from collections import Counter
from collections.abc import Iterable
from contextlib import closing

from optimizer.host.tree import Folder, ScanLog, Tree
from optimizer.host.walk import SeenFile, seen_file, walk
from optimizer.ports import FileKey, Progress


class Candidates:
    """Every inode with content, by the first of its names, in the walk's order. Empty files never count."""

    def __init__(self) -> None:
        self.files = self.folders = 0  #: names of regular files, and folders, that were met
        self.size = 0  #: bytes of the inodes that were met
        self.links: dict[FileKey, list[SeenFile]] = {}  #: the other names of inodes with several links
        self._inodes: list[SeenFile] = []
        self._linked: set[FileKey] = set()
        self._sizes: Counter[int] = Counter()

    def add_tree(self, tree: Tree, log: ScanLog, progress: Progress) -> None:
        """Raises CancelledError."""
        current: Folder | None = None
        with closing(walk(tree, log, progress)) as folders:
            for folder, entries in folders:
                self.folders += tree.is_folder and folder is not current
                current = folder
                for name, status in entries:
                    if stat.S_ISREG(status.st_mode):
                        self.files += 1
                        if status.st_size:
                            self._add(seen_file(folder, name, status), links=status.st_nlink)

    def _add(self, file: SeenFile, links: int) -> None:
        if links > 1:
            if file.key in self._linked:
                self.links.setdefault(file.key, []).append(file)
                return
            self._linked.add(file.key)
        self._inodes.append(file)
        self._sizes[file.state.size] += 1
        self.size += file.state.size

    def names_of(self, file: SeenFile) -> list[SeenFile]:
        return [file, *self.links.get(file.key, ())]

    def of_shared_size(self) -> list[SeenFile]:
        """The inodes whose size is not their own alone."""
        return [file for file in self._inodes if self._sizes[file.state.size] > 1]


def collect(trees: Iterable[Tree], log: ScanLog, progress: Progress) -> Candidates:
    candidates = Candidates()
    for tree in trees:
        candidates.add_tree(tree, log, progress)
    return candidates
