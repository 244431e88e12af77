"""Tells large files of one size apart by their first and last bytes, so that near misses are not read whole."""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import closing

from optimizer.hashing.digest import FileChangedError, check_unchanged
from optimizer.hashing.hasher import FileVersion, Hasher
from optimizer.host.meter import Meter
from optimizer.host.tree import ScanLog, TreeReader
from optimizer.host.walk import SeenFile
from optimizer.ports import FileKey, Progress

#: Up to this size a file is read whole at once: two more reads would cost about as much.
SMALL = 64 * 1024
_END = 4096


class EndsReader:
    """Reads 4 KiB at both ends of files."""

    def __init__(self, hasher: Hasher, log: ScanLog, progress: Progress) -> None:
        self.meter = Meter(progress, "compare")
        self._hasher = hasher
        self._log = log

    def alike(self, files: list[SeenFile], known: Mapping[FileVersion, bytes]) -> list[SeenFile]:
        """The files that may equal another one, in the order in which they came.

        A large file stays if another one of its size has the same ends. Where the digests of all files of a size
        are known, none of them is read. Raises CancelledError.
        """
        unknown = {file.state.size for file in files if (file.key, file.state) not in known}
        large = [file for file in files if file.state.size > SMALL and file.state.size in unknown]
        ends = self._read(large)
        counts = Counter(ends.values())
        compared = {file.key for file in large}
        return [file for file in files if file.key not in compared or counts[ends.get(file.key, b"")] > 1]

    def _read(self, files: list[SeenFile]) -> dict[FileKey, bytes]:
        """A short digest of size and ends for each file; those that changed or cannot be read have none."""
        ends: dict[FileKey, bytes] = {}
        with closing(TreeReader()) as reader:
            for file in files:
                path = file.path
                self.meter.add(path, files=1, size=2 * _END)
                try:
                    with reader.opened(file.folder, file.name) as descriptor:
                        ends[file.key] = _ends(descriptor, file)
                except FileChangedError:
                    self._hasher.note_changed(file)
                except OSError as error:
                    self._log.record(path, error)
        return ends


def _ends(descriptor: int, file: SeenFile) -> bytes:
    check_unchanged(descriptor, file.key, file.state)
    size = file.state.size
    both = os.pread(descriptor, _END, 0) + os.pread(descriptor, _END, size - _END)
    return hashlib.blake2b(both, digest_size=16, key=size.to_bytes(8, "big")).digest()
