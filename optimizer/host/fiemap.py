"""Where a file's bytes lie, and which of them other files share (reflinks): FS_IOC_FIEMAP, see Linux' fiemap.rst."""

import errno
import fcntl
import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_FS_IOC_FIEMAP = 0xC020660B
_FLAG_SYNC = 0x1  #: FIEMAP_FLAG_SYNC: write out what is still in memory first
_LAST, _SHARED = 0x1, 0x2000  #: FIEMAP_EXTENT_LAST, FIEMAP_EXTENT_SHARED
_INLINE, _UNWRITTEN = 0x200, 0x800  #: FIEMAP_EXTENT_DATA_INLINE, FIEMAP_EXTENT_UNWRITTEN
_HEADER = struct.Struct("=QQIIII")  #: start, length, flags, mapped extents, extent count, reserved
_EXTENT = struct.Struct("=QQQQQIIII")  #: logical, physical, length, 2 reserved, flags, 3 reserved
_RUN = struct.Struct("=QQQ")  #: logical, physical, length
_AT_ONCE = 64
_EVERYTHING = 2**64 - 1
#: The filesystem knows no extents, and so shares none
_WITHOUT_EXTENTS = frozenset({errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL})


class Extent(NamedTuple):
    logical: int  #: offset in the file, in bytes
    physical: int  #: offset on the device, in bytes
    length: int
    shared: bool
    filled: bool  #: has blocks with content: neither blocks that are only reserved, nor content inside the metadata


class Layout(NamedTuple):
    """Where all of a file's content lies on disk."""

    shared: int  #: bytes that another file has too
    own: int  #: bytes that no other file has, and that could be shared with one
    digest: str  #: equal for files that share all they can; empty where the file has no blocks with content


def shared_bytes(descriptor: int) -> int:
    """Bytes that would not become free if this file were deleted, as another file has them too. Raises OSError."""
    return sum(extent.length for extent in extents(descriptor) if extent.shared)


def layout_of(descriptor: int) -> Layout:
    """Raises OSError."""
    found = list(extents(descriptor))
    filled = [extent for extent in found if extent.filled]
    runs = b"".join(_RUN.pack(*run) for run in _runs(filled))
    return Layout(
        shared=sum(extent.length for extent in found if extent.shared),
        own=sum(extent.length for extent in filled if not extent.shared),
        digest=hashlib.sha256(runs).hexdigest() if runs else "",
    )


def _runs(found: Iterable[Extent]) -> Iterator[tuple[int, int, int]]:
    """What lies in one piece, however many extents the filesystem has for it."""
    start, place, length = 0, 0, 0
    for extent in found:
        if (start + length, place + length) == (extent.logical, extent.physical):
            length += extent.length
            continue
        if length:
            yield start, place, length
        start, place, length = extent[:3]
    if length:
        yield start, place, length


def extents(descriptor: int) -> Iterator[Extent]:
    """In the file's order; none where the filesystem has no extents. Raises OSError."""
    start = 0
    while True:
        rows = _rows_from(descriptor, start)
        for logical, physical, length, _, _, flags, *_ in rows:
            yield Extent(logical, physical, length, bool(flags & _SHARED), not flags & (_INLINE | _UNWRITTEN))
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
