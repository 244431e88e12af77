"""The system call renameat2, which Python does not offer; see renameat2(2). Linux 3.15 and later."""

import ctypes
import os

_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2

_renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
_renameat2.restype = ctypes.c_int
_renameat2.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)


def rename_new(from_fd: int, from_name: bytes, to_fd: int, to_name: bytes) -> None:
    """Move an entry of one open folder into another, under a name that is free.

    Raises OSError: EEXIST where the name is taken, EXDEV on another mount, EINVAL where the filesystem cannot do it.
    """
    _rename(from_fd, from_name, to_fd, to_name, _RENAME_NOREPLACE)


def exchange(first_fd: int, first: bytes, second_fd: int, second: bytes) -> None:
    """Let two entries of open folders change places, in one step in which neither name is ever free.

    Raises OSError: ENOENT where one is missing, EXDEV on another mount, EINVAL where the filesystem cannot do it.
    """
    _rename(first_fd, first, second_fd, second, _RENAME_EXCHANGE)


def _rename(from_fd: int, from_name: bytes, to_fd: int, to_name: bytes, flags: int) -> None:
    if _renameat2(from_fd, from_name, to_fd, to_name, flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), to_name)
