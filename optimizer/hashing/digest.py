"""The digest of a file's content, and whether the content stayed the same while it was read."""

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Protocol

from optimizer.hashing.kept import RACY_NS
from optimizer.ports import FileKey, FileState


class _Hash(Protocol):
    def update(self, data: memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


#: The algorithms that a digest can be asked for in.
ALGORITHMS: Mapping[str, Callable[[], _Hash]] = {
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "blake2b": hashlib.blake2b,
}

#: Read at once. Larger buffers fall out of a core's L2 cache and were slower.
_CHUNK = 256 * 1024


class FileChangedError(Exception):
    """The file changed while it was read, or since it was looked at."""


def is_settled(state: FileState, read_ns: int) -> bool:
    """Whether a later change cannot leave the same state, if the file was read at `read_ns` since 1970 or later."""
    return max(state.mtime_ns, state.ctime_ns) < read_ns - RACY_NS


def check_unchanged(descriptor: int, key: FileKey, state: FileState) -> None:
    """Raises FileChangedError where the open file is another one, or is in another state."""
    status = os.fstat(descriptor)
    # Compared as plain tuples: this is done twice for every file
    now = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if now != state or (status.st_dev, status.st_ino) != key:
        raise FileChangedError


class DigestReader:
    """Digests files one after the other, with one buffer for all of them."""

    def __init__(self, algorithm: str, on_bytes: Callable[[int], None]) -> None:
        """`on_bytes` hears how much was read, after each 256 KiB at most."""
        self._new = ALGORITHMS[algorithm]
        self._on_bytes = on_bytes
        self._buffer = memoryview(bytearray(_CHUNK))

    def digest(self, descriptor: int, key: FileKey, state: FileState) -> bytes:
        """The digest of the whole content, read from the descriptor's position on, which must be its beginning.

        Raises FileChangedError where it is not this file, or does not stay in this state; OSError.
        """
        check_unchanged(descriptor, key, state)
        content, done, count = self._new(), 0, 1
        # At least once, as a file of /proc says that it is empty; and not for ever, where a file grows all the time
        while count and (done < state.size or not done):
            count = os.readv(descriptor, (self._buffer,))
            content.update(self._buffer[:count])
            done += count
            self._on_bytes(count)
        if done != state.size:
            raise FileChangedError
        check_unchanged(descriptor, key, state)
        return content.digest()
