"""The search for duplicates with all CPUs and a cache or none. Standard library only: the command line starts fast."""

from collections.abc import Iterator, Sequence
from typing import overload

from optimizer.host.tree import ScanLog, Tree
from optimizer.paths import path_fields, readable
from optimizer.ports import CacheFile, FileKey, Progress
from optimizer.storage.duplicates.report import DuplicateReport, Group, Name, cache_json
from optimizer.storage.engine import ask
from optimizer.storage.engine.found import Found, FoundName, Groups, Render, packed, unpacked
from optimizer.storage.engine.roots import Root
from optimizer.storage.facts import FileFacts
from optimizer.storage.notes import add_notes


def search(
    trees: Sequence[Tree], progress: Progress, *, digests: bool = True, cache: CacheFile | None = None
) -> DuplicateReport:
    """As `find.find_duplicates`. Without `digests`, the groups of larger files have none, and are found faster."""
    found = search_rendered(trees, progress, packed, digests=digests, cache=cache)
    return report_of(found, _Unpacked(found.groups))


def search_rendered(
    trees: Sequence[Tree],
    progress: Progress,
    render: Render,
    *,
    digests: bool = True,
    cache: CacheFile | None = None,
    keep_as: bytes = b"",
) -> Found:
    """The groups in the form that `render` gives them; a process with several threads has them `packed` only.

    `keep_as` names the form, if the cache shall keep the answer as well; it must tell nothing that may change while
    the files stay the same, such as a time of access.
    """

    def report(phase: str, files: int, size: int, path: bytes) -> None:
        progress.report(phase=phase, files=files, bytes=size, current=readable(path))

    roots = [Root(tree.path, tree.descriptor) for tree in trees]
    asked = b"\0".join((keep_as, *(root.path for root in roots))) if keep_as else b""
    return ask.search(roots, report, render=render, digests=digests, cache=cache, asked=asked)


def report_of(found: Found, groups: Sequence[Group]) -> DuplicateReport:
    return DuplicateReport(
        groups=groups,
        redundant_copies=found.copies,
        reclaimable_bytes=found.gain,
        files=found.files,
        folders=found.folders,
        size=found.size,
        bytes_read=found.bytes_read,
        cache=cache_json(found.notes.hits, found.notes.misses, found.notes.cache_errors),
        changed=tuple(dict(path_fields(path)) for path in found.notes.changed),
        changed_count=found.notes.changed_count,
        log=add_notes(found.notes, ScanLog()),
        cache_errors=found.notes.cache_errors,
    )


class _Unpacked(Sequence[Group]):
    """The groups, each unpacked when it is asked for: there may be more than should be in memory."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return map(_group, self._groups)

    @overload
    def __getitem__(self, number: int) -> Group: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Group]: ...
    def __getitem__(self, number: int | slice) -> Group | Sequence[Group]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        return _group(self._groups.rendered(range(len(self))[number]))


def _group(rendered: bytes) -> Group:
    digest, size, copies, names = unpacked(rendered)
    return Group(digest, size, copies, tuple(_name(name, size) for name in names))


def _name(name: FoundName, size: int) -> Name:
    path, device, inode, mtime_ns, atime_ns = name
    return Name(FileFacts(path, size, mtime_ns / 1e9, atime_ns / 1e9), FileKey(device, inode))
