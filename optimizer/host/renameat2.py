"""The system call renameat2, which Python does not offer; see renameat2(2). Linux 3.15 and later."""

import ctypes
import os

_RENAME_NOREPLACE = 1

_renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
_renameat2.restype = ctypes.c_int
_renameat2.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)


def rename_new(from_fd: int, from_name: bytes, to_fd: int, to_name: bytes) -> None:
    """Move an entry of one open folder into another, under a name that is free.

    Raises OSError: EEXIST where the name is taken, EXDEV on another mount, EINVAL where the filesystem cannot do it.
    """
    if _renameat2(from_fd, from_name, to_fd, to_name, _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), to_name)
