"""Adds up what each folder holds with everything below it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from optimizer.paths import path_fields
from optimizer.storage.engine.measure import FolderRow
from optimizer.storage.engine.roots import Root
from optimizer.storage.facts import JsonRow

_KEPT = 50

#: Number of its tree, and path below that.
_Place = tuple[int, bytes]


class FolderTotals(NamedTuple):
    """A folder with all that is below it; each inode counts once, where a walk meets it first."""

    path: bytes  #: of a tree of one file, the file's
    files: int  #: names of regular files
    size: int  #: bytes of regular files
    allocated: int  #: bytes on disk of everything, the folders themselves included

    def to_json(self) -> JsonRow:
        return {
            **path_fields(self.path),
            "files": self.files,
            "size_bytes": self.size,
            "allocated_bytes": self.allocated,
        }


class FolderSums(NamedTuple):
    trees: Sequence[FolderTotals]  #: in the order in which they were asked for
    largest: Sequence[FolderTotals]
    children: Sequence[FolderTotals]  #: the largest of those right below a tree


def add_up(rows: Iterable[FolderRow], roots: Sequence[Root]) -> FolderSums:
    """`rows` has several of one folder, where several processes looked at parts of it."""
    sums: dict[_Place, list[int]] = {}
    for number, folder, _, files, size, allocated in rows:
        _add(sums, (number, folder), files, size, allocated)
    # What is in a folder has a longer path: so each is complete before it is added to the one above
    for number, folder in sorted(sums, key=lambda place: len(place[1]), reverse=True):
        if folder:
            _add(sums, (number, folder.rpartition(b"/")[0]), *sums[number, folder])

    def totals(place: _Place) -> FolderTotals:
        return FolderTotals(roots[place[0]].path_of(place[1]), *sums[place])

    children = (place for place in sums if place[1] and b"/" not in place[1])
    return FolderSums(
        trees=[totals((number, b"")) for number in range(len(roots))],
        largest=[totals(place) for place in _largest(sums, sums)],
        children=[totals(place) for place in _largest(children, sums)],
    )


def _add(sums: dict[_Place, list[int]], place: _Place, files: int, size: int, allocated: int) -> None:
    total = sums.get(place)
    if total is None:
        sums[place] = [files, size, allocated]
        return
    total[0] += files
    total[1] += size
    total[2] += allocated


def _largest(places: Iterable[_Place], sums: dict[_Place, list[int]]) -> list[_Place]:
    """Of equal ones, those that a walk leaves first."""
    by_size = [(sums[place][2], place) for place in places]
    limit = min(sorted([size for size, _ in by_size], reverse=True)[:_KEPT], default=0)
    near = [(-size, place[0], _left(place[1]), place) for size, place in by_size if size >= limit]
    return [place for *_, place in sorted(near)[:_KEPT]]


def _left(folder: bytes) -> bytes:
    """Sorts folders as a walk leaves them: what is inside comes first."""
    return (b"\1" + folder.replace(b"/", b"\0\1") + b"\0" if folder else b"") + b"\2"
