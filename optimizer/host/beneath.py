"""Opening what is beneath a folder that is open already, without ever following a symbolic link."""

import errno
import os
import stat

from optimizer.host.openat2 import (
    RESOLVE_BENEATH,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
    openat2,
)

#: To read whatever is there: never waits for a FIFO's writer, never takes a terminal.
READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_RESOLVE = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
#: The kernel has no openat2, or a sandbox refuses it, or the path is longer than one call may name.
_TRY_STEPWISE = frozenset({errno.ENOSYS, errno.EPERM, errno.ENAMETOOLONG})


def open_beneath(root_fd: int, relative: bytes, flags: int, *, one_mount: bool = False) -> int:
    """Open what `relative` names below the folder `root_fd`; the folder itself where it is empty.

    Raises OSError: EXDEV where it would leave the folder (`..` is refused anywhere, and so is an absolute path) or,
    with `one_mount`, its mount; ELOOP where any part is a symbolic link, and what open(2) raises.
    """
    relative = _checked(relative)
    try:
        return openat2(root_fd, relative or b".", flags, _RESOLVE | (RESOLVE_NO_XDEV if one_mount else 0))
    except OSError as error:
        if error.errno not in _TRY_STEPWISE:
            raise
    return open_stepwise(root_fd, relative, flags, one_mount=one_mount)


def open_stepwise(root_fd: int, relative: bytes, flags: int, *, one_mount: bool = False) -> int:
    """What `open_beneath` does, one part of the path after the other, for kernels that refuse openat2."""
    parts = [part for part in _checked(relative).split(b"/") if part not in (b"", b".")]
    folder_fd = os.dup(root_fd)
    try:
        for part in parts[:-1]:
            inner_fd = _open_part(folder_fd, part, os.O_PATH | os.O_DIRECTORY)
            os.close(folder_fd)
            folder_fd = inner_fd
        descriptor = _open_part(folder_fd, parts[-1] if parts else b".", flags)
        if one_mount and _mount_of(descriptor) != _mount_of(root_fd):
            os.close(descriptor)
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
        return descriptor
    finally:
        os.close(folder_fd)


def _checked(relative: bytes) -> bytes:
    if relative.startswith(b"/") or b".." in relative.split(b"/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
    if b"\0" in relative:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), relative)
    return relative.rstrip(b"/")


def _open_part(folder_fd: int, name: bytes, flags: int) -> int:
    try:
        descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder_fd)
    except NotADirectoryError:
        # With O_DIRECTORY the kernel says ENOTDIR of a symbolic link too, where openat2 says ELOOP
        if stat.S_ISLNK(os.lstat(name, dir_fd=folder_fd).st_mode):
            raise _link(name) from None
        raise
    # With O_PATH the kernel opens the link itself, which openat2 does only for those who ask with O_NOFOLLOW
    if flags & (os.O_PATH | os.O_NOFOLLOW) == os.O_PATH and stat.S_ISLNK(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _link(name)
    return descriptor


def _mount_of(descriptor: int) -> bytes:
    """The number of the mount that an open file is on: a bind mount has the device of what it shows."""
    with open(f"/proc/self/fdinfo/{descriptor}", "rb", buffering=0) as file:  # noqa: PTH123 - pathlib is slow to import
        lines = file.readall().splitlines()
    return next(line for line in lines if line.startswith(b"mnt_id:"))


def _link(name: bytes) -> OSError:
    return OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)


def open_untouched(name: bytes, flags: int, folder_fd: int) -> int:
    """Open an entry of a folder without changing its access time, where that is allowed. Raises OSError.

    O_NOATIME is for a file's owner and for CAP_FOWNER; others change the access time, as every reader does.
    """
    try:
        return os.open(name, flags | os.O_NOATIME | os.O_NOFOLLOW, dir_fd=folder_fd)
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
    return os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder_fd)
