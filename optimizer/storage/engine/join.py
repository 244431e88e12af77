"""Finds the small files of equal digests, one bucket at a time."""

import os
from collections.abc import Iterator

from optimizer.storage.engine.found import FoundGroup, FoundName, Render, found_group, name_of
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.roots import Way, join
from optimizer.storage.engine.scan import RECORD
from optimizer.storage.engine.spill import read_extents
from optimizer.storage.engine.tables import Place, Tables

#: A process, and where a record begins among the bucket's bytes of that process.
_Record = tuple[int, int]
_ENAMETOOLONG = 36


class Join:
    """One process's part of it."""

    def __init__(self, tables: Tables, notes: Notes, render: Render) -> None:
        self._tables = tables
        self._notes = notes
        self._render = render
        self._way = Way(tables.roots)

    def bucket(self, number: int) -> Iterator[FoundGroup]:
        """The groups of a bucket."""
        contents = [
            read_extents(file, table.extents[number])
            for file, table in zip(self._tables.files, self._tables.all, strict=True)
        ]
        for digest, records in _equal(contents):
            size, names = self._still_there(contents, records)
            group = found_group(digest, size, names, self._render)
            if group is not None:
                yield group

    def _still_there(self, contents: list[bytes], records: list[_Record]) -> tuple[int, list[FoundName]]:
        """Those that are in the state in which they were read: their size, and their names."""
        names, size = [], 0
        for worker, at in records:
            length, _, inode, changed_ns, number = RECORD.unpack_from(contents[worker], at)
            begin = at + RECORD.size
            place = Place(worker, number, contents[worker][begin : begin + length])
            path = self._tables.path(place)
            try:
                status = self._look(place)
            except OSError as error:
                self._notes.error(path, error)
                continue
            if (status.st_ino, status.st_ctime_ns) != (inode, changed_ns):
                self._notes.change(path)
                continue
            size = status.st_size
            names.append(name_of(path, status))
        return size, names

    def _look(self, place: Place) -> os.stat_result:
        number, root, folder = self._tables.folder(place)
        if not root.is_folder:
            return os.fstat(root.descriptor)
        try:
            # A folder on the way may be a link by now; then it is another inode, and nothing is claimed of it
            return os.stat(join(folder, place.name), dir_fd=root.descriptor, follow_symlinks=False)
        except OSError as error:
            if error.errno != _ENAMETOOLONG:
                raise
        return os.stat(place.name, dir_fd=self._way.open(number, folder), follow_symlinks=False)

    def close(self) -> None:
        self._way.close()


def _equal(contents: list[bytes]) -> Iterator[tuple[bytes, list[_Record]]]:
    """Each digest that more than one record has, with the records of them all."""
    first: dict[bytes, _Record] = {}
    more: dict[bytes, list[_Record]] = {}
    for worker, content in enumerate(contents):
        at, end = 0, len(content)
        while at < end:
            digest = content[at + 2 : at + 34]
            record = (worker, at)
            if first.setdefault(digest, record) is not record:
                more.setdefault(digest, [first[digest]]).append(record)
            at += RECORD.size + content[at] + (content[at + 1] << 8)
    yield from more.items()
