"""Where the records are that all processes wrote, and which folders they tell of."""

from collections.abc import Sequence

from optimizer.storage.engine.found import FoundName
from optimizer.storage.engine.record import HEAD_SIZE, NAME_AT, Record, unpack_name
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
        """As it is shown."""
        return self._path(record.process, record.folder, record.name)

    def names(self, content: bytes, places: list[int]) -> list[FoundName]:
        """Those of the records that begin there. Called for very many: no Record is made."""
        names, prefixes = [], self._prefixes
        for at in places:
            device, inode, mtime_ns, atime_ns, process, folder, length = unpack_name(content, at + NAME_AT)
            begin = at + HEAD_SIZE
            name = content[begin : begin + length]
            prefix = prefixes.get((process, folder))
            path = prefix + name if prefix is not None else self._path(process, folder, name)
            names.append((path, device, inode, mtime_ns, atime_ns))
        return names

    def _path(self, process: int, folder: int, name: bytes) -> bytes:
        prefix = self._prefixes.get((process, folder))
        if prefix is None:
            number, inside = self._tables[process][0][folder]
            if not self.roots[number].is_folder:
                return self.roots[number].path
            prefix = self._prefixes[process, folder] = self.roots[number].path_of(inside).rstrip(b"/") + b"/"
        return prefix + name
