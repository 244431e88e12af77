"""When a file was born, which Python's os.stat does not tell; see statx(2), Linux 4.11."""

import ctypes
import os
import struct

_AT_SYMLINK_NOFOLLOW = 0x100
_STATX_BTIME = 0x800
_SIZE = 256  #: of struct statx
_MASK = struct.Struct("=I")  #: what the kernel filled in, at offset 0
_BIRTH = struct.Struct("=qI")  #: seconds and nanoseconds, at offset 80
_BIRTH_OFFSET = 80

_statx = ctypes.CDLL(None, use_errno=True).statx
_statx.restype = ctypes.c_int
_statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)


def birth_ns(folder_fd: int, name: bytes) -> int | None:
    """Nanoseconds since 1970; None where the filesystem does not keep it. Raises OSError."""
    buffer = ctypes.create_string_buffer(_SIZE)
    if _statx(folder_fd, name, _AT_SYMLINK_NOFOLLOW, _STATX_BTIME, buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    if not _MASK.unpack_from(buffer)[0] & _STATX_BTIME:
        return None
    seconds, nanoseconds = _BIRTH.unpack_from(buffer, _BIRTH_OFFSET)
    return int(seconds) * 10**9 + int(nanoseconds)
