"""Goes through folders: reads every small file whole at once, and lists the larger ones."""

import os
import stat
import sys
from hashlib import sha256
from typing import Final

from optimizer.hashing.kept import RACY_NS
from optimizer.storage.engine.crew import Pulse
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.record import BUCKETS, LINKED, bucket_of_size, key_of_size, pack_head
from optimizer.storage.engine.roots import READ, Root
from optimizer.storage.engine.spill import Buckets
from optimizer.storage.engine.walker import Met, Walker

#: Up to this size, to read a file costs about as much as to look at it, and saves to open it a second time.
SMALL: Final = 16 * 1024
#: One larger file among so many: then most files are small.
_FEW: Final = 8
_NEVER: Final = -(1 << 63)

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_EPERM: Final = 1
_TYPE: Final = 0o170000  #: of a file, in its mode; see inode(7)


class Scan:
    """What one process sees of the roots. Of no file more is kept than it takes to find it again."""

    def __init__(
        self, process: int, roots: list[Root], walker: Walker, buckets: Buckets, notes: Notes, *, started_ns: int
    ) -> None:
        """`started_ns` is a moment before the scan, by the clock that stamps files.

        What says afterwards that it was changed before then, was not changed while it was read.
        """
        self.folders: list[tuple[int, bytes]] = []  #: root and path below it, by the number that records have
        self.folder_count = 0
        self.file_count = 0  #: names of regular files
        self.size = 0  #: bytes of those that have only one name
        self.bytes_read = 0
        self._process = process
        self._settled_ns = [started_ns - RACY_NS if root.is_local else _NEVER for root in roots]
        self._reads_first = True
        self._roots = roots
        self._walker = walker
        self._buckets = buckets
        self._notes = notes

    def run(self, pulse: Pulse) -> None:
        """Until no folder is left, for any process. The walker gives the names of regular files."""
        for met in self._walker.met():
            files, size = self.file_count, self.bytes_read
            root = self._roots[met.number]
            self.folder_count += met.status is not None
            self.folders.append((met.number, met.folder))
            if met.descriptor >= 0:
                self._add_all(met)
            pulse.beat(root.path_of(met.folder), files=self.file_count - files, size=self.bytes_read - size)

    def _add_all(self, met: Met) -> None:
        """Each file's state and, if it is small, its content in this state, to the records.

        Where most files are small, to read them before they are looked at saves to look twice. It is one loop, as a
        call for each of very many files would take long.
        """
        is_folder, descriptor, read_first = self._roots[met.number].is_folder, met.descriptor, self._reads_first
        flags, settled_ns = READ | os.O_NOATIME, self._settled_ns[met.number]
        files = larger = total = read = 0
        for name in met.names:
            try:
                file = os.open(name, flags, dir_fd=descriptor) if is_folder else os.dup(descriptor)
            except OSError as error:
                file, flags = self._open_otherwise(met, name, flags, error)
                if file < 0:
                    continue
            try:
                content = os.pread(file, SMALL, 0) if read_first else b""
                status = os.fstat(file)
                if not (status.st_ctime_ns < settled_ns if read_first else status.st_size > SMALL):
                    content, status = _read_between(file, status)
            except OSError as error:
                self._notes.error(self._path(met, name), error)
                continue
            finally:
                os.close(file)
            mode, _, _, links, _, _, size, _, _, _ = status  # faster than by their names
            if mode & _TYPE != stat.S_IFREG:
                continue
            files += 1
            read += len(content)
            total += size * (links == 1)
            if not size:
                continue
            if size > SMALL:
                larger += 1
                self._add(key_of_size(size), bucket_of_size(size), name, status)
            elif len(content) == size:
                key = sha256(content).digest()
                self._add(key, key[0] % BUCKETS, name, status)
            else:
                self._notes.change(self._path(met, name))
        self.file_count += files
        self.size += total
        self.bytes_read += read
        self._reads_first = larger * _FEW <= files

    def _add(self, key: bytes, bucket: int, name: str, status: os.stat_result) -> None:
        exact = name.encode(_ENCODING, _ERRORS)
        records = self._buckets.parts[bucket]
        records += pack_head(
            key,
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_atime_ns,
            self._process,
            len(self.folders) - 1,
            LINKED if status.st_nlink > 1 else 0,
            len(exact),
        )
        records += exact
        if len(records) > Buckets.LIMIT:
            self._buckets.flush(bucket)

    def _open_otherwise(self, met: Met, name: str, flags: int, error: OSError) -> tuple[int, int]:
        """The file, -1 where it cannot be opened, and the flags for the next one."""
        if error.errno == _EPERM and flags != READ:
            try:
                # Only the owner may ask for O_NOATIME, and a folder mostly has one owner
                return os.open(name, READ, dir_fd=met.descriptor), READ
            except OSError as again:
                error = again
        self._notes.error(self._path(met, name), error)
        try:
            status = os.lstat(name, dir_fd=met.descriptor)
        except OSError:  # gone meanwhile
            return -1, flags
        if stat.S_ISREG(status.st_mode):
            self.file_count += 1
            self.size += status.st_size if status.st_nlink == 1 else 0
        return -1, flags

    def _path(self, met: Met, name: str) -> bytes:
        return self._roots[met.number].path_of(met.folder, os.fsencode(name))


def _read_between(file: int, before: os.stat_result) -> tuple[bytes, os.stat_result]:
    """The first 16 KiB, read after that state was seen, and the state now. Nothing was read where it is another one."""
    content, now = os.pread(file, SMALL, 0), os.fstat(file)
    return content if (before.st_size, before.st_ctime_ns) == (now.st_size, now.st_ctime_ns) else b"", now
