"""What uses the space of some trees: everything that one pass over them can tell."""

import os
from collections.abc import Sequence

from optimizer.host.tree import ScanLog, Tree
from optimizer.paths import readable
from optimizer.ports import Progress
from optimizer.storage.classes import AGE_CLASSES, AGE_LIMITS, MIB, SIZE_CLASSES, SIZE_LIMITS
from optimizer.storage.engine import ask
from optimizer.storage.engine.measure import LargeRow, Limits, Part
from optimizer.storage.engine.roots import Root
from optimizer.storage.facts import FileFacts
from optimizer.storage.folders import add_up
from optimizer.storage.notes import add_notes

#: Files from this size on are large ones, where nothing else is asked for.
LARGE = 100 * MIB


class Usage:
    """The totals.

    Files are counted by name, as `find -type f` counts them. Bytes are counted by inode: of several hard links the
    one that a walk meets first counts, and the others add a name and no byte.
    """

    def __init__(self, part: Part, roots: Sequence[Root], *, now: float, large_from: int, log: ScanLog) -> None:
        self.now = now  #: seconds since 1970; the ages are counted from it
        self.large_from = large_from
        self.log = log
        self.files = self.size = self.allocated = 0  #: names, bytes and bytes on disk of regular files
        self.hard_links = part.linked_names  #: names beyond the first one of regular files that were met
        self.empty_files = 0
        self.symlinks, self.other = part.symlinks, part.other  #: `other`: sockets, FIFOs and devices
        self.by_size, self.by_age = [0] * len(SIZE_CLASSES), [0] * len(AGE_CLASSES)
        self.by_size_bytes, self.by_age_bytes = [0] * len(SIZE_CLASSES), [0] * len(AGE_CLASSES)
        self.by_extension: dict[bytes, list[int]] = {}  #: names, bytes and bytes on disk
        self.by_owner: dict[int, list[int]] = {}  #: by user id: names, bytes and bytes on disk
        self._add_cells(part)
        self.large_count, self.large_size = part.large
        self.largest_files = [_facts(row, roots) for row in part.largest]
        self.folders = sum(is_whole for _, _, is_whole, *_ in part.folders)
        self.sums = add_up(part.folders, roots)
        self.disk_usage = sum(tree.allocated for tree in self.sums.trees)
        """Bytes on disk of everything below, folders included: what `du` prints."""
        self.folder_bytes = self.disk_usage - self.allocated - part.other_allocated

    def _add_cells(self, part: Part) -> None:
        for (extension, owner, size_class, age_class), (files, size, allocated) in part.cells.items():
            self.files += files
            self.size += size
            self.allocated += allocated
            self.empty_files += files if size_class == 0 else 0
            number = max(size_class - 1, 0)
            self.by_size[number] += files
            self.by_size_bytes[number] += size
            self.by_age[age_class] += files
            self.by_age_bytes[age_class] += size
            _add(self.by_extension.setdefault(os.fsencode(extension), [0, 0, 0]), files, size, allocated)
            _add(self.by_owner.setdefault(owner, [0, 0, 0]), files, size, allocated)


def measure_usage(
    trees: Sequence[Tree], progress: Progress, *, now: float, large_from: int = LARGE, log: ScanLog | None = None
) -> Usage:
    """`now` in seconds since 1970. What cannot be looked at is in `log`. Raises CancelledError, WorkerLostError."""

    def report(phase: str, files: int, size: int, path: bytes) -> None:
        progress.report(phase=phase, files=files, bytes=size, current=readable(path))

    roots = [Root(tree.path, tree.descriptor) for tree in trees]
    limits = Limits(SIZE_LIMITS, [now - limit for limit in AGE_LIMITS], large_from)
    part, notes = ask.measure(roots, limits, report)
    return Usage(part, roots, now=now, large_from=large_from, log=add_notes(notes, log or ScanLog()))


def _add(sums: list[int], files: int, size: int, allocated: int) -> None:
    sums[0] += files
    sums[1] += size
    sums[2] += allocated


def _facts(row: LargeRow, roots: Sequence[Root]) -> FileFacts:
    size, (number, _), path, allocated, mtime, atime = row
    return FileFacts(roots[number].path_of(path), -size, mtime, atime, allocated)
