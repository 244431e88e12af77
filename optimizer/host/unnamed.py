"""Files that have no name until they are complete: whatever ends the process before, nothing is left of them.

See open(2), O_TMPFILE: Linux 3.11 and later, on ext4, XFS, Btrfs, tmpfs, and overlays of those.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_FLAGS = os.O_TMPFILE | os.O_RDWR | os.O_NOATIME | os.O_CLOEXEC
_MODE = 0o600


@contextmanager
def unnamed(folder_fd: int) -> Iterator[int]:
    """An empty file for us alone, on the mount of an open folder, to be written and read without changing its times.

    Raises OSError: EOPNOTSUPP where the filesystem has no such files.
    """
    descriptor = os.open(b".", _FLAGS, _MODE, dir_fd=folder_fd)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def give_name(descriptor: int, folder_fd: int, name: bytes) -> None:
    """Let it appear in an open folder of its mount. Raises OSError: EEXIST where the name is taken."""
    os.link(b"/proc/self/fd/%d" % descriptor, name, dst_dir_fd=folder_fd, follow_symlinks=True)
