"""The search for duplicates, from open trees to proven groups."""

from collections.abc import Sequence

from optimizer.host.tree import Tree
from optimizer.ports import HashCache, Progress
from optimizer.storage.duplicates.report import DuplicateReport
from optimizer.storage.duplicates.search import search


def find_duplicates(trees: Sequence[Tree], cache: HashCache, progress: Progress) -> DuplicateReport:
    """Every group of files in these trees whose whole contents are the same, with their SHA-256.

    Names of one inode are one copy; empty files and links are never in a group. A file that changes while it is read,
    or before it is compared, is left out and recorded. Raises CancelledError, WorkerLostError.
    """
    with cache.shared():
        return search(trees, progress, cache=cache.file())
