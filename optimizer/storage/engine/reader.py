"""Opens and reads files that the scan has seen, and notes those that are not as they were."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from optimizer.storage.engine.crew import Pulse
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.record import Record
from optimizer.storage.engine.roots import READ, OpenFolders, open_untouched
from optimizer.storage.engine.tables import Tables

#: `st_blocks` counts units of so many bytes; see stat(2).
_BLOCK = 512
_ENXIO = 6

#: A file by all its names.
Inode = list[Record]


class OpenFile(NamedTuple):
    """A file in the state in which the scan saw it."""

    names: Inode
    size: int
    path: bytes
    descriptor: int
    has_holes: bool  #: perhaps


class Reader:
    """What cannot be read is None, or left out, and noted."""

    def __init__(self, tables: Tables, notes: Notes, pulse: Pulse) -> None:
        self._tables = tables
        self._notes = notes
        self._pulse = pulse
        self._folders = OpenFolders(tables.roots)

    @contextmanager
    def opened(self, inodes: Iterable[Inode]) -> Iterator[list[OpenFile]]:
        """Those that can be opened and are as they were."""
        files: list[OpenFile] = []
        try:
            for inode in inodes:
                file = self._open(inode)
                if file is not None:
                    files.append(file)
            yield files
        finally:
            for file in files:
                os.close(file.descriptor)

    def _open(self, inode: Inode) -> OpenFile | None:
        record = inode[0]
        number, folder = self._tables.folder(record)
        root, path = self._tables.roots[number], self._tables.path(record)
        try:
            if root.is_folder:
                descriptor = open_untouched(record.name, READ, self._folders.open(number, folder))
            else:
                descriptor = os.dup(root.descriptor)
        except OSError as error:
            self._notes.error(path, error)
            return None
        status = os.fstat(descriptor)
        file = OpenFile(inode, record.size, path, descriptor, status.st_blocks * _BLOCK < record.size)
        if not self._is_unchanged(file, status):
            os.close(descriptor)
            return None
        return file

    def unchanged(self, files: Iterable[OpenFile]) -> list[OpenFile]:
        """Those that did not change while they were read."""
        return [file for file in files if self._is_unchanged(file, os.fstat(file.descriptor))]

    def _is_unchanged(self, file: OpenFile, status: os.stat_result) -> bool:
        met = file.names[0]
        now = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if now == met[1:6]:
            return True
        self._notes.change(file.path)
        return False

    def hole(self, file: OpenFile, at: int) -> int:
        """How many bytes from there on are in a hole, as far as the filesystem tells."""
        if not file.has_holes:
            return 0
        try:
            return os.lseek(file.descriptor, at, os.SEEK_DATA) - at
        except OSError as error:
            return file.size - at if error.errno == _ENXIO else 0  # no data up to the end

    def read(self, file: OpenFile, size: int, at: int) -> bytes | None:
        try:
            content = os.pread(file.descriptor, size, at)
        except OSError as error:
            self._notes.error(file.path, error)
            return None
        self._pulse.beat(file.path, size=len(content))
        return content if self._is_full(file, len(content), min(size, file.size - at)) else None

    def fill(self, buffer: bytearray, file: OpenFile, at: int) -> bool:
        """The whole buffer, from that offset on."""
        try:
            count = os.preadv(file.descriptor, [buffer], at)
        except OSError as error:
            self._notes.error(file.path, error)
            return False
        self._pulse.beat(file.path, size=count)
        return self._is_full(file, count, len(buffer))

    def _is_full(self, file: OpenFile, count: int, wanted: int) -> bool:
        if count != wanted:
            self._notes.change(file.path)
        return count == wanted

    def close(self) -> None:
        self._folders.close()
