"""Letting files share their blocks: the kernel compares them, byte for byte and under lock; see ioctl_fideduperange(2).

Neither content nor times, owner or mode of either file change.
"""

import errno
import fcntl
import os
import struct

from optimizer.errors import HroError

_FIDEDUPERANGE = 0xC0189436
_RANGE = struct.Struct("=QQHHI")  #: source offset, length, count of destinations, 2 reserved
_INFO = struct.Struct("=qQQiI")  #: destination's descriptor, offset, bytes deduped, status, reserved
_DIFFERS = 1  #: FILE_DEDUPE_RANGE_DIFFERS; 0 is the same, less is an error
#: Filesystems take no more at once: btrfs's BTRFS_MAX_DEDUPE_LEN
_AT_ONCE = 16 * 1024 * 1024
#: The filesystem cannot share blocks at all, or not these
_UNSUPPORTED = frozenset({errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.ENOSYS})


class DiffersError(HroError):
    """The files are not equal."""

    code = "stale"


class CannotShareError(HroError):
    """The filesystem cannot let these files share their blocks."""

    code = "unavailable"


def can_share(source_fd: int, target_fd: int) -> bool:
    """Whether their filesystem has reflinks, as far as it tells without being asked to make one."""
    try:
        _dedupe(source_fd, target_fd, 0, 0)
    except CannotShareError:
        return False
    return True


def share_blocks(source_fd: int, target_fd: int) -> int:
    """Let the target have the source's blocks; how many bytes the kernel found equal and shared.

    Raises DiffersError where they are not equal, CannotShareError, OSError.
    """
    size, done = os.fstat(source_fd).st_size, 0
    if os.fstat(target_fd).st_size != size:
        raise DiffersError
    while done < size:
        step = _dedupe(source_fd, target_fd, done, min(_AT_ONCE, size - done))
        if step == 0:
            raise CannotShareError
        done += step
    return done


def _dedupe(source_fd: int, target_fd: int, offset: int, length: int) -> int:
    buffer = bytearray(_RANGE.pack(offset, length, 1, 0, 0) + _INFO.pack(target_fd, offset, 0, 0, 0))
    try:
        fcntl.ioctl(source_fd, _FIDEDUPERANGE, buffer)
    except OSError as error:
        raise _as_error(error.errno or 0) from None
    _, _, deduped, status, _ = _INFO.unpack_from(buffer, _RANGE.size)
    if status == _DIFFERS:
        raise DiffersError
    if status < 0:
        raise _as_error(-status)
    return int(deduped)


def _as_error(number: int) -> HroError | OSError:
    return CannotShareError() if number in _UNSUPPORTED else OSError(number, os.strerror(number))
