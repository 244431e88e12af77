"""What uses the space of a tree: everything that one pass over it can tell."""

import os
import stat
from bisect import bisect_right
from contextlib import closing
from typing import TypeVar

from optimizer.host.tree import Folder, ScanLog, Tree
from optimizer.host.walk import BLOCK, Entry, walk
from optimizer.ports import Progress
from optimizer.storage.classes import AGE_CLASSES, AGE_LIMITS, MIB, SIZE_CLASSES, SIZE_LIMITS
from optimizer.storage.facts import FileFacts, extension_of, facts_of
from optimizer.storage.folders import FolderSums
from optimizer.storage.largest import Largest

#: Files from this size on are large ones, where nothing else is asked for.
LARGE = 100 * MIB
_KEPT = 50

Key = TypeVar("Key", bytes, int)


class Usage:
    """The totals of one or several trees.

    Files are counted by name, as `find -type f` counts them. Bytes are counted by inode: of several hard links the
    first one met counts, and the others add a name and no byte.
    """

    def __init__(self, *, now: float, large_from: int = LARGE, log: ScanLog | None = None) -> None:
        self.now = now  #: seconds since 1970; the ages are counted from it
        self.large_from = large_from
        self.log = log or ScanLog()
        self.files = self.size = self.allocated = 0  #: names, bytes and bytes on disk of regular files
        self.hard_links = 0  #: names beyond the first one of regular files that were met
        self.empty_files = 0
        self.symlinks = self.other = 0  #: `other`: sockets, FIFOs and devices
        self.other_allocated = 0  #: bytes on disk of what is neither folder nor regular file
        self.folders = self.folder_bytes = 0
        self.by_size, self.by_age = [0] * len(SIZE_CLASSES), [0] * len(AGE_CLASSES)
        self.by_size_bytes, self.by_age_bytes = [0] * len(SIZE_CLASSES), [0] * len(AGE_CLASSES)
        self.by_extension: dict[bytes, list[int]] = {}  #: names, bytes and bytes on disk
        self.by_owner: dict[int, list[int]] = {}  #: by user id: names, bytes and bytes on disk
        self.large_count = self.large_size = 0
        self.largest_files: Largest[FileFacts] = Largest(_KEPT)
        self.sums = FolderSums()
        self._seen: set[tuple[int, int]] = set()
        self._newer = [limit - now for limit in AGE_LIMITS]  # of minus the time of change, so that they rise

    @property
    def disk_usage(self) -> int:
        """Bytes on disk of everything below, folders included: what `du` prints."""
        return self.allocated + self.other_allocated + self.folder_bytes

    def add_tree(self, tree: Tree, progress: Progress) -> None:
        """Count all that is below it. Raises CancelledError."""
        current: Folder | None = None
        with closing(walk(tree, self.log, progress)) as folders:
            for folder, entries in folders:
                if folder is not current:
                    current, totals = folder, self.sums.enter(folder)
                    self.folders += tree.is_folder
                    self.folder_bytes += folder.allocated
                files, size, disk_usage = self.files, self.size, self.disk_usage
                self._add_entries(folder, entries)
                totals.files += self.files - files
                totals.size += self.size - size
                totals.allocated += self.disk_usage - disk_usage
        self.sums.leave()

    def _add_entries(self, folder: Folder, entries: list[Entry]) -> None:
        for name, status in entries:
            is_new = True
            if status.st_nlink > 1:
                key = (status.st_dev, status.st_ino)
                is_new = key not in self._seen
                self._seen.add(key)
            if stat.S_ISREG(status.st_mode):
                self._add_file(folder, name, status, is_new=is_new)
            else:
                self._add_other(status, is_new=is_new)

    def _add_other(self, status: os.stat_result, *, is_new: bool) -> None:
        if stat.S_ISLNK(status.st_mode):
            self.symlinks += 1
        else:
            self.other += 1
        if is_new:
            self.other_allocated += status.st_blocks * BLOCK

    def _add_file(self, folder: Folder, name: bytes, status: os.stat_result, *, is_new: bool) -> None:
        size, allocated = (status.st_size, status.st_blocks * BLOCK) if is_new else (0, 0)
        self.files += 1
        self.size += size
        self.allocated += allocated
        self.hard_links += not is_new
        self.empty_files += not status.st_size
        size_class = bisect_right(SIZE_LIMITS, status.st_size)
        self.by_size[size_class] += 1
        self.by_size_bytes[size_class] += size
        age_class = bisect_right(self._newer, -status.st_mtime)
        self.by_age[age_class] += 1
        self.by_age_bytes[age_class] += size
        _add(self.by_extension, extension_of(name), size, allocated)
        _add(self.by_owner, status.st_uid, size, allocated)
        if is_new and size >= self.large_from:
            self.large_count += 1
            self.large_size += size
        if is_new and size > self.largest_files.threshold:
            self.largest_files.add(size, facts_of(folder.path_of(name), status))


def _add(sums: dict[Key, list[int]], key: Key, size: int, allocated: int) -> None:
    sums_of_key = sums.setdefault(key, [0, 0, 0])
    sums_of_key[0] += 1
    sums_of_key[1] += size
    sums_of_key[2] += allocated
