"""Goes through folders: reads every small file whole at once, and lists the larger ones."""

import os
import stat
import sys
from hashlib import sha256
from typing import Final

from optimizer.storage.engine.crew import Pulse
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.record import BUCKETS, pack_head
from optimizer.storage.engine.roots import READ, Root
from optimizer.storage.engine.spill import Buckets
from optimizer.storage.engine.walker import Met, Walker

#: Up to this size, to read a file costs about as much as to look at it, and saves to open it a second time.
SMALL: Final = 16 * 1024
#: Of a larger file, so much of both ends of its first 16 KiB goes into its key.
_PART: Final = 512
#: Some filesystems stamp times only every two seconds (FAT), so what was changed less long ago may change unseen.
_RACY_NS: Final = 2_000_000_000
_NEVER: Final = -(1 << 63)

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_EPERM: Final = 1


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
        self._flags = 0
        self._process = process
        self._settled_ns = [started_ns - _RACY_NS if root.is_local else _NEVER for root in roots]
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
            if not root.is_folder:
                self._look(met, met.names[0], os.dup(root.descriptor))
            elif met.descriptor >= 0:
                self._read_all(met)
            path = root.path_of(met.folder)
            pulse.beat(path, files=self.file_count - files, size=self.bytes_read - size)

    def _read_all(self, met: Met) -> None:
        self._flags = READ | os.O_NOATIME
        for name in met.names:
            try:
                file = os.open(name, self._flags, dir_fd=met.descriptor)
            except OSError as error:
                self._open_otherwise(met, name, error)
            else:
                self._look(met, name, file)

    def _open_otherwise(self, met: Met, name: str, error: OSError) -> None:
        if error.errno == _EPERM and self._flags != READ:
            self._flags = READ  # only the owner may ask for O_NOATIME, and a folder mostly has one owner
            try:
                file = os.open(name, READ, dir_fd=met.descriptor)
            except OSError as again:
                error = again
            else:
                self._look(met, name, file)
                return
        self._notes.error(self._path(met, name), error)
        try:
            status = os.stat(name, dir_fd=met.descriptor, follow_symlinks=False)
        except OSError:  # gone meanwhile
            return
        if stat.S_ISREG(status.st_mode):
            self._count(status)

    def _look(self, met: Met, name: str, file: int) -> None:
        """Read what is small, and the beginning of what is not, and close it."""
        try:
            content = os.pread(file, SMALL, 0)
            status = os.fstat(file)
            if status.st_ctime_ns >= self._settled_ns[met.number]:
                content, status = _read_again(file, status)
        except OSError as error:
            self._notes.error(self._path(met, name), error)
            return
        finally:
            os.close(file)
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            return
        self._count(status)
        self.bytes_read += len(content)
        if size and len(content) != min(size, SMALL):
            self._notes.change(self._path(met, name))
        elif size > SMALL:
            key = sha256(b"%d " % size + content[:_PART] + content[-_PART:]).digest()
            self._add(name, status, key, BUCKETS + key[0] % BUCKETS)
        elif size:
            key = sha256(content).digest()
            self._add(name, status, key, key[0] % BUCKETS)

    def _add(self, name: str, status: os.stat_result, key: bytes, bucket: int) -> None:
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
            status.st_nlink > 1,
            len(exact),
        )
        records += exact
        if len(records) > Buckets.LIMIT:
            self._buckets.flush(bucket)

    def _count(self, status: os.stat_result) -> None:
        self.file_count += 1
        if status.st_nlink == 1:
            self.size += status.st_size

    def _path(self, met: Met, name: str) -> bytes:
        return self._roots[met.number].path_of(met.folder, os.fsencode(name))


def _read_again(file: int, before: os.stat_result) -> tuple[bytes, os.stat_result]:
    """As what was read first, of a file that may have changed before that state of it was seen.

    Where it changed now, the content does not have the size that the state says.
    """
    content = os.pread(file, SMALL, 0)
    status = os.fstat(file)
    is_same = (before.st_size, before.st_ctime_ns) == (status.st_size, status.st_ctime_ns)
    return content if is_same else b"", status
