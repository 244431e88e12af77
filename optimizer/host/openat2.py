"""The system call openat2, which Python does not offer; see openat2(2). Linux 5.6 and later."""

import ctypes
import errno
import os

#: The same number on every architecture that Python runs on, alpha excepted; see Linux' scripts/syscall.tbl.
_NUMBER = 437

#: From linux/openat2.h.
RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (
    ctypes.c_long,
    ctypes.c_long,
    ctypes.c_char_p,
    ctypes.POINTER(_OpenHow),
    ctypes.c_size_t,
)


def openat2(folder_fd: int, path: bytes, flags: int, resolve: int) -> int:
    """A descriptor, closed on exec. Raises OSError as the manual page says: ELOOP, EXDEV, ENOSYS and others."""
    how = _OpenHow(flags=flags | os.O_CLOEXEC, mode=0, resolve=resolve)
    while True:
        descriptor: int = _syscall(_NUMBER, folder_fd, path, ctypes.byref(how), ctypes.sizeof(how))
        if descriptor >= 0:
            return descriptor
        number = ctypes.get_errno()
        # EAGAIN: something was renamed meanwhile, so that the kernel could not rule out an escape
        if number not in (errno.EAGAIN, errno.EINTR):
            raise OSError(number, os.strerror(number), path)
