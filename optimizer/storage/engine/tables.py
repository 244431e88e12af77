"""Where the records are that all processes wrote, and which folders they tell of."""

from collections.abc import Sequence

from optimizer.storage.engine.record import Record
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.spill import Extent, read

#: What a process has seen: root and path of each folder, by the number that records have; the parts of each bucket.
Table = tuple[list[tuple[int, bytes]], list[list[Extent]]]


class Tables:
    """Those of all processes, by their numbers; `files` has their descriptors."""

    def __init__(self, roots: list[Root], files: list[int], tables: Sequence[Table]) -> None:
        self.roots = roots
        self._files = files
        self._tables = tables
        self._prefixes: dict[tuple[int, int], bytes] = {}

    def bucket(self, number: int) -> bytes:
        """All records of it."""
        parts = zip(self._files, self._tables, strict=True)
        return b"".join(read(file, extent) for file, (_, extents) in parts for extent in extents[number])

    def folder(self, record: Record) -> tuple[int, bytes]:
        """The root's number, and the path below it."""
        return self._tables[record.process][0][record.folder]

    def path(self, record: Record) -> bytes:
        """As it is shown. Called for every name of a group."""
        number = (record.process, record.folder)
        prefix = self._prefixes.get(number)
        if prefix is None:
            root, folder = self.folder(record)
            if not self.roots[root].is_folder:
                return self.roots[root].path
            prefix = self._prefixes[number] = self.roots[root].path_of(folder).rstrip(b"/") + b"/"
        return prefix + record.name
