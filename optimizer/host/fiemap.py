"""Which of a file's bytes other files share (reflinks), asked with FS_IOC_FIEMAP; see Linux' fiemap.rst."""

import errno
import fcntl
import struct
from collections.abc import Iterator
from typing import NamedTuple

_FS_IOC_FIEMAP = 0xC020660B
_FLAG_SYNC = 0x1  #: FIEMAP_FLAG_SYNC: write out what is still in memory first
_LAST, _SHARED = 0x1, 0x2000  #: FIEMAP_EXTENT_LAST, FIEMAP_EXTENT_SHARED
_HEADER = struct.Struct("=QQIIII")  #: start, length, flags, mapped extents, extent count, reserved
_EXTENT = struct.Struct("=QQQQQIIII")  #: logical, physical, length, 2 reserved, flags, 3 reserved
_AT_ONCE = 64
_EVERYTHING = 2**64 - 1
#: The filesystem knows no extents, and so shares none
_WITHOUT_EXTENTS = frozenset({errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL})


class Extent(NamedTuple):
    logical: int  #: offset in the file, in bytes
    physical: int  #: offset on the device, in bytes
    length: int
    shared: bool


def shared_bytes(descriptor: int) -> int:
    """Bytes that would not become free if this file were deleted, as another file has them too. Raises OSError."""
    return sum(extent.length for extent in extents(descriptor) if extent.shared)


def extents(descriptor: int) -> Iterator[Extent]:
    """In the file's order; none where the filesystem has no extents. Raises OSError."""
    start = 0
    while True:
        rows = _rows_from(descriptor, start)
        for logical, physical, length, _, _, flags, *_ in rows:
            yield Extent(logical, physical, length, bool(flags & _SHARED))
            if flags & _LAST:
                return
        if not rows:
            return
        start = rows[-1][0] + rows[-1][2]


def _rows_from(descriptor: int, start: int) -> list[tuple[int, ...]]:
    buffer = bytearray(_HEADER.size + _AT_ONCE * _EXTENT.size)
    _HEADER.pack_into(buffer, 0, start, _EVERYTHING - start, _FLAG_SYNC, 0, _AT_ONCE, 0)
    try:
        fcntl.ioctl(descriptor, _FS_IOC_FIEMAP, buffer)
    except OSError as error:
        if error.errno in _WITHOUT_EXTENTS:
            return []
        raise
    mapped = _HEADER.unpack_from(buffer)[3]
    return [_EXTENT.unpack_from(buffer, _HEADER.size + index * _EXTENT.size) for index in range(mapped)]
