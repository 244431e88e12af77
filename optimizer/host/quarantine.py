"""Where files wait for their purge: `<root>/.hro-quarantine/<optimization_id>/<number>`, on the mount of their root.

Moving a file there is a rename: it frees nothing, takes no time, and can be undone to the last byte and attribute.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from optimizer.errors import HroError
from optimizer.host.beneath import READ
from optimizer.host.renameat2 import exchange, rename_new
from optimizer.host.walk import QUARANTINE
from optimizer.paths import readable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o700


class QuarantineUnsafeError(HroError):
    """The quarantine folder is not ours alone; somebody else made it, or changed it."""

    code = "quarantine_unsafe"


class QuarantineUnusableError(HroError):
    """The quarantine folder cannot be made."""

    code = "quarantine_unusable"


class RootBusyError(HroError):
    """Another job is changing this root."""

    code = "root_busy"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The quarantine of one root, held by this process alone. Made by `locked`."""

    folder_fd: int

    def put(self, optimization_id: str, number: int, parent_fd: int, name: bytes) -> os.stat_result:
        """Move an entry of an open folder here. Its state afterwards: the move itself has changed its ctime.

        Raises OSError: EXDEV where the entry is on another mount, EEXIST where this action's place is taken.
        """
        with self._of_job(optimization_id) as job_fd:
            place = str(number).encode()
            rename_new(parent_fd, name, job_fd, place)
            _flush(job_fd, parent_fd)
            return os.stat(place, dir_fd=job_fd, follow_symlinks=False)

    def look(self, optimization_id: str, number: int) -> os.stat_result | None:
        """What lies at an action's place; None where nothing does."""
        with suppress(FileNotFoundError), self._of_job(optimization_id, make=False) as job_fd:
            return os.stat(str(number).encode(), dir_fd=job_fd, follow_symlinks=False)
        return None

    @contextmanager
    def opened(self, optimization_id: str, number: int) -> Iterator[int]:
        """The file at an action's place, open to be read. Raises OSError."""
        with self._of_job(optimization_id, make=False) as job_fd:
            descriptor = os.open(str(number).encode(), READ | os.O_NOFOLLOW, dir_fd=job_fd)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def give_back(self, optimization_id: str, number: int, parent_fd: int, name: bytes) -> None:
        """Move it back under a name that is free. Raises OSError: EEXIST where the name is taken again."""
        with self._of_job(optimization_id, make=False) as job_fd:
            rename_new(job_fd, str(number).encode(), parent_fd, name)
            _flush(parent_fd, job_fd)
        self._drop_empty(optimization_id)

    def link(self, optimization_id: str, number: int, parent_fd: int, name: bytes) -> os.stat_result:
        """Give an entry of an open folder a further name here: what it is. Raises OSError."""
        with self._of_job(optimization_id) as job_fd:
            place = str(number).encode()
            os.link(name, place, src_dir_fd=parent_fd, dst_dir_fd=job_fd, follow_symlinks=False)
            return os.stat(place, dir_fd=job_fd, follow_symlinks=False)

    def swap(self, optimization_id: str, number: int, parent_fd: int, name: bytes) -> os.stat_result:
        """Let what lies here and an entry of an open folder change places: what lies here now. Raises OSError."""
        with self._of_job(optimization_id, make=False) as job_fd:
            place = str(number).encode()
            exchange(job_fd, place, parent_fd, name)
            _flush(job_fd, parent_fd)
            return os.stat(place, dir_fd=job_fd, follow_symlinks=False)

    def purge(self, optimization_id: str, number: int) -> None:
        """Delete it for good. Raises OSError."""
        with self._of_job(optimization_id, make=False) as job_fd:
            os.unlink(str(number).encode(), dir_fd=job_fd)
            _flush(job_fd)
        self._drop_empty(optimization_id)

    @contextmanager
    def _of_job(self, optimization_id: str, *, make: bool = True) -> Iterator[int]:
        descriptor = _own_folder(self.folder_fd, optimization_id.encode(), make=make)
        try:
            yield descriptor
        except OSError:
            self._drop_empty(optimization_id)
            raise
        finally:
            os.close(descriptor)

    def _drop_empty(self, optimization_id: str) -> None:
        with suppress(OSError):  # not empty: other actions of the job are still here
            os.rmdir(optimization_id.encode(), dir_fd=self.folder_fd)


@contextmanager
def locked(root_fd: int, root: bytes) -> Iterator[Quarantine]:
    """The quarantine of an open root, made where it is missing, held against every other changing job on the host.

    Raises RootBusyError, QuarantineUnsafeError, QuarantineUnusableError.
    """
    try:
        folder_fd = _own_folder(root_fd, os.fsencode(QUARANTINE), make=True)
    except OSError as error:
        raise QuarantineUnusableError(_unusable(root, error)) from error
    try:
        try:
            fcntl.flock(folder_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RootBusyError(f"Another job is changing {readable(root)}; try again when it has ended.") from None
        yield Quarantine(folder_fd)
    finally:
        os.close(folder_fd)


def _own_folder(parent_fd: int, name: bytes, *, make: bool) -> int:
    """Open a folder that is ours alone. In a folder that others may write to, one of them may have made it first."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, _MODE, dir_fd=parent_fd)
            _keep_made(parent_fd, name)
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=parent_fd)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise QuarantineUnsafeError(f"{readable(name)} is not a folder; somebody else made it.") from None
        raise
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) != _MODE:
        os.close(descriptor)
        raise QuarantineUnsafeError(
            f"{readable(name)} belongs to uid {status.st_uid} with mode {stat.S_IMODE(status.st_mode):04o}; "
            f"it must be uid {os.geteuid()}'s, with mode 0700. Move it away."
        )
    return descriptor


def _keep_made(parent_fd: int, name: bytes) -> None:
    """See that a new folder is on disk. One that may not be is taken back, so that the next try does not trust it."""
    try:
        os.fsync(parent_fd)
    except OSError:
        with suppress(OSError):
            os.rmdir(name, dir_fd=parent_fd)
        raise


def _unusable(root: bytes, error: OSError) -> str:
    what = {
        errno.ENOSPC: "Free some space or inodes there",
        errno.EDQUOT: "Free some space there, or raise the quota",
        errno.EROFS: "Mount it so that it can be written to",
        errno.EACCES: f"Let uid {os.geteuid()} write there",
        errno.EPERM: f"Let uid {os.geteuid()} write there",
    }.get(error.errno or 0, "See whether its filesystem is well")
    folder = f"{readable(root)}/{QUARANTINE}"
    return f"{folder} cannot be made or opened: {error.strerror}. {what}, or take {readable(root)} out of HRO_ROOTS."


def _flush(*folders: int) -> None:
    """A rename is on disk once both of its folders are; see fsync(2)."""
    for descriptor in folders:
        os.fsync(descriptor)
