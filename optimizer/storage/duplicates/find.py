"""The search for duplicates, from open trees to proven groups."""

from collections.abc import Sequence

from optimizer.hashing.memory_cache import NullHashCache
from optimizer.host.tree import ScanLog, Tree
from optimizer.paths import path_fields, readable
from optimizer.ports import Clock, FileKey, HashCache, Progress
from optimizer.storage.duplicates.cached import find_with_cache
from optimizer.storage.duplicates.report import DuplicateReport, Group, Name
from optimizer.storage.engine import ask
from optimizer.storage.engine.found import Found, FoundGroup, FoundName, Render, unpacked
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.searching import Report, search
from optimizer.storage.facts import FileFacts
from optimizer.storage.notes import add_notes

#: The engine asks no cache: what it could save is the reading, and the engine reads as it looks.
_NO_CACHE = {"hits": 0, "misses": 0, "hit_rate": 0.0}


def find_duplicates(trees: Sequence[Tree], cache: HashCache, progress: Progress, clock: Clock) -> DuplicateReport:
    """Every group of files in these trees whose whole contents have the same SHA-256.

    Names of one inode are one copy; empty files and links are never in a group. A file that changes while it is read,
    or before it is compared, is left out and recorded. Without a cache, all CPUs take part. Raises CancelledError,
    WorkerLostError.
    """
    if not isinstance(cache, NullHashCache):
        return find_with_cache(trees, cache, progress, clock)
    return find_without_cache(trees, progress)


def find_without_cache(trees: Sequence[Tree], progress: Progress, *, digests: bool = True) -> DuplicateReport:
    """As `find_duplicates`. Without `digests`, the groups of larger files have none, and are found faster."""
    found = ask.search(_roots(trees), _report(progress), digests=digests)
    return report_of(found, tuple(_group(group) for group in found.groups))


def find(trees: Sequence[Tree], progress: Progress, render: Render, *, digests: bool = True) -> Found:
    """What the engine finds, with groups in the form that `render` gives them. For a process with a single thread."""
    return search(_roots(trees), report=_report(progress), render=render, digests=digests)


def _roots(trees: Sequence[Tree]) -> list[Root]:
    return [Root(tree.path, tree.descriptor) for tree in trees]


def _report(progress: Progress) -> Report:
    def report(phase: str, files: int, size: int, path: bytes) -> None:
        progress.report(phase=phase, files=files, bytes=size, current=readable(path))

    return report


def report_of(found: Found, groups: tuple[Group, ...]) -> DuplicateReport:
    return DuplicateReport(
        groups=groups,
        files=found.files,
        folders=found.folders,
        size=found.size,
        bytes_read=found.bytes_read,
        cache=dict(_NO_CACHE),
        changed=tuple(dict(path_fields(path)) for path in found.notes.changed),
        changed_count=found.notes.changed_count,
        log=add_notes(found.notes, ScanLog()),
    )


def _group(group: FoundGroup) -> Group:
    return Group(
        digest=group.digest,
        size=group.size,
        copies=group.copies,
        names=tuple(_name(name, group.size) for name in unpacked(group.rendered)),
    )


def _name(name: FoundName, size: int) -> Name:
    facts = FileFacts(name.path, size, name.modified_ns / 1e9, name.accessed_ns / 1e9)
    return Name(facts, FileKey(name.device, name.inode))
