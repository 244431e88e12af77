"""Letting files share their blocks: the kernel compares them, byte for byte and under lock; see ioctl_fideduperange(2).

Neither content nor times, owner or mode of either file change.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from typing import NamedTuple

from optimizer.errors import HroError

_FIDEDUPERANGE = 0xC0189436
_RANGE = struct.Struct("=QQHHI")  #: source offset, length, count of destinations, 2 reserved
_INFO = struct.Struct("=qQQiI")  #: destination's descriptor, offset, bytes deduped, status, reserved
_DIFFERS = 1  #: FILE_DEDUPE_RANGE_DIFFERS; 0 is the same, less is an error
#: Filesystems take no more at once: btrfs's BTRFS_MAX_DEDUPE_LEN
_AT_ONCE = 16 * 1024 * 1024
#: The filesystem cannot share blocks at all; EINVAL: or not these
_CANNOT_AT_ALL = frozenset({errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS})
_UNSUPPORTED = _CANNOT_AT_ALL | {errno.EINVAL}


class DiffersError(HroError):
    """The files are not equal."""

    code = "stale"


class CannotShareError(HroError):
    """The filesystem cannot let these files share their blocks."""

    code = "unavailable"


def can_share(descriptor: int) -> bool:
    """Whether an open file's filesystem has reflinks, as far as it tells without being asked to make one.

    It is asked to share one byte at an odd offset, which no filesystem does: one that has reflinks says that this is
    no place to share at (EINVAL), one that has none that it cannot. To an empty range XFS says yes in either case.
    """
    return _try(descriptor, descriptor, 1, 1).error not in _CANNOT_AT_ALL


def share_blocks(source_fd: int, target_fd: int, between: Callable[[], None]) -> None:
    """Let the target have the source's blocks. `between` is called again and again, and may raise to stop it.

    Raises DiffersError where they are not equal, CannotShareError, OSError; what is shared by then stays shared.
    """
    size, done = os.fstat(source_fd).st_size, 0
    if os.fstat(target_fd).st_size != size:
        raise DiffersError
    while done < size:
        answer = _try(source_fd, target_fd, done, min(_AT_ONCE, size - done))
        _require_shared(answer)
        done += answer.shared
        between()


class _Answer(NamedTuple):
    shared: int = 0  #: bytes
    differs: bool = False
    error: int = 0  #: an errno


def _try(source_fd: int, target_fd: int, offset: int, length: int) -> _Answer:
    buffer = bytearray(_RANGE.pack(offset, length, 1, 0, 0) + _INFO.pack(target_fd, offset, 0, 0, 0))
    try:
        fcntl.ioctl(source_fd, _FIDEDUPERANGE, buffer)
    except OSError as error:
        return _Answer(error=error.errno or errno.EIO)
    _, _, shared, status, _ = _INFO.unpack_from(buffer, _RANGE.size)
    return _Answer(shared, status == _DIFFERS, max(0, -status))


def _require_shared(answer: _Answer) -> None:
    if answer.differs:
        raise DiffersError
    if answer.error and answer.error not in _UNSUPPORTED:
        raise OSError(answer.error, os.strerror(answer.error))
    if answer.error or answer.shared == 0:
        raise CannotShareError
