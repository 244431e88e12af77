"""What an effect stands on while its job holds the roots, and the checks that all effects share."""

import os
import posixpath
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from optimizer.errors import HroError
from optimizer.host.beneath import READ, open_untouched
from optimizer.host.files import ScanRoots
from optimizer.host.in_use import held_alone
from optimizer.host.journal import Entry, Journal, State
from optimizer.host.quarantine import Quarantine
from optimizer.plans import Action
from optimizer.ports import Progress
from optimizer.storage.clean.rule import Catalogue
from optimizer.values import JsonObject

#: `st_blocks` counts units of so many bytes; see stat(2)
BLOCK = 512


class StaleError(HroError):
    """What the plan relied on no longer holds."""

    code = "stale"


class UnavailableError(HroError):
    """Neither this host nor this version can do it."""

    code = "unavailable"


class FailedError(HroError):
    """It was begun, and did not come to its end; the details are what was measured."""

    code = "failed"


class Unheard:
    """A progress for what must come to its end, whatever becomes of the job."""

    def report(self, **_counts: int | str) -> None:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One action's ground: its root is open and locked, and its journal takes each step."""

    job: str  #: whose action it is
    roots: ScanRoots
    journal: Journal
    quarantine: Quarantine  #: of the root that the action is in
    catalogue: Catalogue = field(default_factory=Catalogue)  #: what may be run on this host
    progress: Progress = field(default_factory=Unheard)  #: for what takes long: hears that the job was cancelled

    def intend(self, action: Action, **facts: Any) -> None:
        """Write down what is about to be done. Raises JournalError: then nothing is done."""
        known = {"type": action.type, "target": dict(action.target), **facts}
        self.journal.note(self.job, action.number, State.INTENDED, **known)

    def note(self, action: Action, state: State, **facts: Any) -> None:
        self.journal.note(self.job, action.number, state, **facts)

    @contextmanager
    def parent(self, path: bytes) -> Iterator[tuple[int, bytes]]:
        """The open folder that a path's last name is in, reached without following a link, and that name."""
        descriptor = self.roots.open(posixpath.dirname(path))
        try:
            yield descriptor, posixpath.basename(path)
        finally:
            os.close(descriptor)

    @contextmanager
    def held(self, path: bytes, relied_on: Mapping[str, Any]) -> Iterator["Held"]:
        """The file as it was planned, open, and held against every other user of it.

        Raises StaleError where it is not what was planned, InUseError where somebody has it open, and OSError.
        """
        with self.parent(path) as (parent_fd, name), opened(name, parent_fd) as descriptor:
            status = os.fstat(descriptor)
            require_unchanged(status, relied_on)
            with held_alone(descriptor):
                yield Held(parent_fd=parent_fd, name=name, descriptor=descriptor, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An open file that nobody else has open."""

    parent_fd: int
    name: bytes
    descriptor: int
    status: os.stat_result

    @property
    def allocated(self) -> int:
        """Bytes that it takes on disk; of a file with several names, the share of one."""
        return self.status.st_blocks * BLOCK // self.status.st_nlink


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One way of changing a file. Every callable raises HroError or OSError where it cannot act, and then has not.

    The exception is FailedError.
    """

    apply: Callable[[Ground, Action], JsonObject]
    """What was measured: `allocated_bytes` of what now lies in quarantine, `freed_bytes` of what is free already."""

    undo: Callable[[Ground, Entry], None] | None
    """Bring back what the entry's action changed; None where nothing can or need be brought back."""

    settle: Callable[[Ground, Entry], None]
    """Finish, or take back, an action whose last row is an intent, and write which of both it was."""


@contextmanager
def opened(name: bytes, folder_fd: int) -> Iterator[int]:
    """An entry of an open folder, open to be read: that leaves its access time as it is, where the kernel allows it.

    Raises OSError; ELOOP for a symbolic link.
    """
    descriptor = open_untouched(name, READ, folder_fd)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def facts(status: os.stat_result) -> dict[str, int]:
    """What tells this file, in this state, from any other."""
    return {
        "device": status.st_dev,
        "inode": status.st_ino,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
    }


def require_unchanged(status: os.stat_result, relied_on: Mapping[str, Any]) -> None:
    """Raises StaleError where the file is not what it was when it was planned."""
    if not stat.S_ISREG(status.st_mode):
        raise StaleError("It is no regular file any more.")
    if any(value != relied_on.get(name, value) for name, value in facts(status).items()):
        raise StaleError("It was changed or replaced since it was planned.")
    if status.st_atime_ns >= relied_on.get("not_read_since_ns", status.st_atime_ns + 1):
        raise StaleError("It was read since it was planned.")
