"""The search for duplicates, from open trees to proven groups."""

from collections.abc import Sequence

from optimizer.hashing.memory_cache import NullHashCache
from optimizer.host.tree import Tree
from optimizer.ports import Clock, HashCache, Progress
from optimizer.storage.duplicates.cached import find_with_cache
from optimizer.storage.duplicates.report import DuplicateReport
from optimizer.storage.duplicates.search import search


def find_duplicates(trees: Sequence[Tree], cache: HashCache, progress: Progress, clock: Clock) -> DuplicateReport:
    """Every group of files in these trees whose whole contents have the same SHA-256.

    Names of one inode are one copy; empty files and links are never in a group. A file that changes while it is read,
    or before it is compared, is left out and recorded. Without a cache, all CPUs take part. Raises CancelledError,
    WorkerLostError.
    """
    if not isinstance(cache, NullHashCache):
        return find_with_cache(trees, cache, progress, clock)
    return search(trees, progress)
