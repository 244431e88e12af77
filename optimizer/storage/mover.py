"""Moves files into quarantine, back, and away for good: each re-checked, each journalled before and after."""

import os
import posixpath
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from optimizer.errors import HroError
from optimizer.host.beneath import READ
from optimizer.host.files import ScanRoots
from optimizer.host.in_use import held_alone
from optimizer.host.journal import Journal, State
from optimizer.host.quarantine import Quarantine, locked
from optimizer.jobs import Job
from optimizer.paths import exact
from optimizer.plans import Action, Outcome, OutcomeStatus
from optimizer.ports import Progress
from optimizer.storage.kept import PURGE, RESTORE
from optimizer.storage.temp import QUARANTINE
from optimizer.values import JsonObject


class StaleError(HroError):
    """What the plan relied on no longer holds."""

    code = "stale"


@dataclass(slots=True)
class Mover:
    """One job at a time: `hold` opens and locks every root, and `apply` does one action in them."""

    roots: ScanRoots
    journal: Journal
    _held: dict[bytes, Quarantine] = field(default_factory=dict, init=False)
    _job: str = field(default="", init=False)

    @contextmanager
    def hold(self, job: Job) -> Iterator[None]:
        """Raises RootBusyError, QuarantineUnsafeError, PathNotFoundError."""
        with ExitStack() as stack:
            for root in self.roots.distinct():
                root_fd = self.roots.open(root)
                stack.callback(os.close, root_fd)
                self._held[root] = stack.enter_context(locked(root_fd, root))
            self._job = job.optimization_id
            stack.callback(self._held.clear)
            self._finish_what_a_crash_left()
            yield

    def apply(self, action: Action, _progress: Progress) -> Outcome:
        """One action. Where its ground has shifted it is skipped, with the reason."""
        does: Mapping[str, Callable[[Action, Quarantine], JsonObject]] = {
            QUARANTINE: self._quarantine,
            RESTORE: self._restore,
            PURGE: self._purge,
        }
        try:
            held = self._held.get(exact(action.target["root"]))
            if held is None or action.type not in does:
                raise StaleError("Its folder is not among HRO_ROOTS any more, or this version knows no such action.")
            measured = does[action.type](action, held)
        except HroError as error:
            return Outcome(number=action.number, status=OutcomeStatus.SKIPPED, reason=error.message)
        except OSError as error:
            reason = error.strerror or str(error)
            return Outcome(number=action.number, status=OutcomeStatus.SKIPPED, reason=reason)
        return Outcome(number=action.number, status=OutcomeStatus.DONE, measured=measured)

    def _quarantine(self, action: Action, held: Quarantine) -> JsonObject:
        path = exact(action.target)
        parent_fd, name = self._parent(path)
        with closing_fd(parent_fd):
            descriptor = os.open(name, READ | os.O_NOFOLLOW, dir_fd=parent_fd)
            with closing_fd(descriptor):
                status = os.fstat(descriptor)
                _require_unchanged(status, action.relied_on)
                with held_alone(descriptor):
                    return self._move(action, held, parent_fd, name, status)

    def _move(
        self, action: Action, held: Quarantine, parent_fd: int, name: bytes, status: os.stat_result
    ) -> JsonObject:
        allocated = status.st_blocks * 512
        self.journal.note(
            self._job, action.number, State.INTENDED,
            target=dict(action.target), before=_facts(status), allocated_bytes=allocated,
        )  # fmt: skip
        try:
            moved = held.put(self._job, action.number, parent_fd, name)
        except OSError:
            self.journal.note(self._job, action.number, State.WITHDRAWN)
            raise
        if (moved.st_dev, moved.st_ino) != (status.st_dev, status.st_ino):
            held.give_back(self._job, action.number, parent_fd, name)  # swapped between the look and the move
            self.journal.note(self._job, action.number, State.WITHDRAWN)
            raise StaleError("Another file had taken its name.")
        self.journal.note(self._job, action.number, State.QUARANTINED, moved=_facts(moved))
        return {"allocated_bytes": allocated}

    def _restore(self, action: Action, held: Quarantine) -> JsonObject:
        job, number = action.target["of"]["job"], action.target["of"]["number"]
        self._require_in_quarantine(held, job, number, action.relied_on)
        parent_fd, name = self._parent(exact(action.target))
        with closing_fd(parent_fd):
            held.give_back(job, number, parent_fd, name)
        self.journal.note(job, number, State.RESTORED, by=self._job)
        return {"restored": True}

    def _purge(self, action: Action, held: Quarantine) -> JsonObject:
        job, number = action.target["of"]["job"], action.target["of"]["number"]
        status = self._require_in_quarantine(held, job, number, action.relied_on)
        held.purge(job, number)
        self.journal.note(job, number, State.PURGED, by=self._job)
        return {"freed_bytes": status.st_blocks * 512 if status.st_nlink == 1 else 0}

    @staticmethod
    def _require_in_quarantine(held: Quarantine, job: str, number: int, relied_on: JsonObject) -> os.stat_result:
        status = held.look(job, number)
        if status is None:
            raise StaleError("It is not in quarantine any more.")
        if relied_on and _facts(status) != dict(relied_on):
            raise StaleError("What lies in quarantine is not what was put there.")
        return status

    def _parent(self, path: bytes) -> tuple[int, bytes]:
        """The open folder that the path's last name is in, reached without following a link."""
        return self.roots.open(posixpath.dirname(path)), posixpath.basename(path)

    def _finish_what_a_crash_left(self) -> None:
        """An intent without an outcome: the world tells whether the move happened."""
        for entry in self.journal.in_state(State.INTENDED):
            held = self._held.get(exact(entry.facts["target"]["root"]))
            if held is None:
                continue  # of a root that is not ours to change any more
            status = held.look(entry.optimization_id, entry.number)
            if status is None:
                self.journal.note(entry.optimization_id, entry.number, State.WITHDRAWN)
            else:
                self.journal.note(entry.optimization_id, entry.number, State.QUARANTINED, moved=_facts(status))


@contextmanager
def closing_fd(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _facts(status: os.stat_result) -> dict[str, int]:
    """What tells this file, in this state, from any other."""
    return {
        "device": status.st_dev, "inode": status.st_ino, "size": status.st_size, "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
    }  # fmt: skip


def _require_unchanged(status: os.stat_result, relied_on: JsonObject) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StaleError("It is no regular file any more.")
    found = _facts(status)
    changed = [name for name, value in found.items() if value != relied_on[name]]
    if changed:
        raise StaleError("It was changed or replaced since it was planned.")
    if status.st_atime_ns >= relied_on["not_read_since_ns"]:
        raise StaleError("It was read since it was planned.")
