"""Finds the small files of equal digests, one bucket at a time."""

from collections.abc import Iterator

from optimizer.storage.engine.found import FoundGroup, FoundName, Render, found_group
from optimizer.storage.engine.scan import RECORD
from optimizer.storage.engine.spill import read_extents
from optimizer.storage.engine.tables import Tables

#: A process, and where a record begins among the bucket's bytes of that process.
_Record = tuple[int, int]


def groups_of_bucket(tables: Tables, number: int, render: Render) -> Iterator[FoundGroup]:
    """The groups of a bucket."""
    contents = [read_extents(file, table.extents[number]) for file, table in zip(tables.files, tables.all, strict=True)]
    for digest, records in _equal(contents):
        size, names = 0, []
        for worker, at in records:
            content = contents[worker]
            length, _, device, inode, modified_ns, accessed_ns, folder, size = RECORD.unpack_from(content, at)
            begin = at + RECORD.size
            path = tables.path(worker, folder, content[begin : begin + length])
            names.append(FoundName(path, device, inode, modified_ns, accessed_ns))
        group = found_group(digest, size, names, render)
        if group is not None:
            yield group


def _equal(contents: list[bytes]) -> Iterator[tuple[bytes, list[_Record]]]:
    """Each digest that more than one record has, with the places of them all."""
    first: dict[bytes, _Record] = {}
    more: dict[bytes, list[_Record]] = {}
    fixed = RECORD.size
    for worker, content in enumerate(contents):
        at, end = 0, len(content)
        while at < end:
            digest = content[at + 2 : at + 34]
            record = (worker, at)
            if first.setdefault(digest, record) is not record:
                more.setdefault(digest, [first[digest]]).append(record)
            at += fixed + content[at] + (content[at + 1] << 8)
    yield from more.items()
