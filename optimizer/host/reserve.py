"""Space set aside on a filesystem for what must still be written when it is full."""

import os
from contextlib import suppress
from pathlib import Path

#: Enough for the rows of 5,000 actions, of some 3 KiB each with their index and the log that they are written to first
_BYTES = 16 * 1024 * 1024
#: It is given back in so many parts, as others may take what is free before we do
_PARTS = 8


class Reserve:
    """A file of zeros that gives its blocks back when they are needed."""

    def __init__(self, path: Path, size: int = _BYTES) -> None:
        self._path = path
        self._size = size

    def fill(self) -> None:
        """Take the space, as far as there is some: on a full disk, what is there already has to do. Raises OSError."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with suppress(OSError):  # ENOSPC: the disk is full already; EOPNOTSUPP: it cannot promise anything
                os.posix_fallocate(descriptor, 0, self._size)
        finally:
            os.close(descriptor)

    def release(self) -> bool:
        """Give a part of it back; whether there was anything to give. Raises OSError."""
        with suppress(FileNotFoundError):
            size = self._path.stat().st_size
            os.truncate(self._path, max(0, size - self._size // _PARTS))
            return size > 0
        return False
