"""Whether another process has a file open, mapped or locked: asked of the kernel, without looking through /proc."""

import errno
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from optimizer.errors import HroError


class InUseError(HroError):
    """Another process has the file open, mapped or locked, or it cannot be known."""

    code = "in_use"


@contextmanager
def held_alone(descriptor: int) -> Iterator[None]:
    """Hold a regular file against being opened, while it is moved or replaced. Raises InUseError.

    A write lease (fcntl(2), F_SETLEASE) is granted only where nobody else has the file open or mapped. Whoever opens
    it meanwhile waits until the lease is given back, for /proc/sys/fs/lease-break-time seconds at most, and then finds
    the file wherever it is. What cannot be known counts as in use: a filesystem without leases, a file of another
    owner without CAP_LEASE.
    """
    _refuse_locked(descriptor)
    # A lease that is to be broken is told by SIGIO, which would end a process that does not expect it
    previous = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            raise InUseError(_reason(error)) from None
        try:
            yield
        finally:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    finally:
        signal.signal(signal.SIGIO, previous)


def require_alone(descriptor: int) -> None:
    """Raises InUseError where somebody wants to open a file that is held: he waits for the lease to be given back.

    For whoever holds a file for longer than another process should have to wait; see fcntl(2), F_GETLEASE.
    """
    if fcntl.fcntl(descriptor, fcntl.F_GETLEASE) != fcntl.F_WRLCK:
        raise InUseError("Another process opened it meanwhile.")


def _refuse_locked(descriptor: int) -> None:
    """An application's own lock, flock(2). Those of fcntl(2) need an open file, which the lease finds."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUseError("Another process has a lock on it.") from None
    except OSError as error:
        raise InUseError(_reason(error)) from None
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _reason(error: OSError) -> str:
    if error.errno == errno.EAGAIN:
        return "Another process has it open or mapped."
    if error.errno in (errno.EACCES, errno.EPERM):
        return "Whether it is in use cannot be known: it belongs to another user, and CAP_LEASE is missing."
    return f"Whether it is in use cannot be known: {os.strerror(error.errno or 0)}."
