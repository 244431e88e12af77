"""The system call openat2, which Python does not offer; see openat2(2). Linux 5.6 and later."""

import errno
import os
import struct
from functools import cache
from typing import Any

#: The same number on every architecture that Python runs on, alpha excepted; see Linux' scripts/syscall.tbl.
_NUMBER = 437

#: From linux/openat2.h.
RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08


#: struct open_how of linux/openat2.h: flags, mode, resolve.
_HOW = struct.Struct("=QQQ")


@cache
def _ctypes() -> Any:
    import ctypes  # noqa: PLC0415 - slow to import, and the local commands get on without this call

    return ctypes


@cache
def _syscall() -> Any:
    ctypes = _ctypes()
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    syscall.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)
    return syscall


def openat2(folder_fd: int, path: bytes, flags: int, resolve: int) -> int:
    """A descriptor, closed on exec. Raises OSError as the manual page says: ELOOP, EXDEV, ENOSYS and others."""
    how = _HOW.pack(flags | os.O_CLOEXEC, 0, resolve)
    while True:
        descriptor: int = _syscall()(_NUMBER, folder_fd, path, how, len(how))
        if descriptor >= 0:
            return descriptor
        number = _ctypes().get_errno()
        # EAGAIN: something was renamed meanwhile, so that the kernel could not rule out an escape
        if number not in (errno.EAGAIN, errno.EINTR):
            raise OSError(number, os.strerror(number), path)
