"""Does the actions of one job at a time, in roots that are open and locked for it."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field

from optimizer.errors import HroError
from optimizer.host.fiemap import shared_bytes
from optimizer.host.files import ScanRoots
from optimizer.host.in_use import held_alone
from optimizer.host.journal import Entry, Journal, State
from optimizer.host.quarantine import Quarantine, locked
from optimizer.host.space import Room, settled_rooms
from optimizer.jobs import Job
from optimizer.paths import exact, readable
from optimizer.plans import Action, Outcome, OutcomeStatus, Plan
from optimizer.ports import Progress
from optimizer.storage.effects.ground import BLOCK, Ground, StaleError, UnavailableError
from optimizer.storage.effects.move import require_in_quarantine
from optimizer.storage.effects.table import EFFECTS, effect_of
from optimizer.storage.guard import Guard, Unguarded
from optimizer.storage.proof import LOOK_SECONDS
from optimizer.storage.types import PURGE, RESTORE
from optimizer.values import JsonObject


@dataclass(slots=True)
class Hands:
    """`hold` opens and locks every root for a job; `apply` then does one action after the other."""

    roots: ScanRoots
    journal: Journal
    guard_for: Callable[[Job, Plan], AbstractContextManager[Guard]] = lambda _job, _plan: nullcontext(Unguarded())
    _quarantines: dict[bytes, Quarantine] = field(default_factory=dict, init=False)
    _open: dict[bytes, int] = field(default_factory=dict, init=False)
    _job: str = field(default="", init=False)
    _guard: Guard = field(default_factory=Unguarded, init=False)

    @contextmanager
    def hold(self, job: Job, plan: Plan) -> Iterator[None]:
        """Raises RootBusyError, QuarantineUnsafeError, PathNotFoundError."""
        with ExitStack() as stack:
            stack.callback(self._quarantines.clear)
            stack.callback(self._open.clear)
            for root in self.roots.distinct():
                self._open[root] = self.roots.open(root)
                stack.callback(os.close, self._open[root])
                self._quarantines[root] = stack.enter_context(locked(self._open[root], root))
            stack.enter_context(self.journal.session())
            self._job = job.optimization_id
            self._settle_what_a_crash_left()
            self._guard = stack.enter_context(self.guard_for(job, plan))
            yield

    def apply(self, action: Action, _progress: Progress) -> Outcome:
        """One action. Where its ground has shifted, or its guard says so, it is skipped, with the reason."""
        stop = self._guard.reason_to_stop()
        if stop:
            return _skipped(action, stop, "stopped")
        outcome = self._apply(action)
        self._guard.saw(outcome)
        return outcome

    def _apply(self, action: Action) -> Outcome:
        does: Mapping[str, Callable[[Ground, Action], JsonObject]] = {
            **{name: effect.apply for name, effect in EFFECTS.items()},
            RESTORE: self._restore,
            PURGE: self._purge,
        }
        try:
            ground = self._ground(exact(action.target["root"]), self._job)
            if action.type not in does:
                raise UnavailableError(f"This version knows no action {action.type}.")
            measured = does[action.type](ground, action)
        except HroError as error:
            return _skipped(action, error.message, error.code)
        except OSError as error:
            return _skipped(action, error.strerror or str(error), errno.errorcode.get(error.errno or 0, ""))
        return Outcome(number=action.number, status=OutcomeStatus.DONE, measured={"type": action.type, **measured})

    def rooms(self) -> dict[str, Room]:
        """What is free on the filesystem of each root that is held, by the root's name."""
        return {readable(root): room for root, room in settled_rooms(self._open, LOOK_SECONDS).items()}

    def _ground(self, root: bytes, job: str) -> Ground:
        quarantine = self._quarantines.get(root)
        if quarantine is None:
            raise StaleError("Its folder is not among HRO_ROOTS any more.")
        return Ground(job=job, roots=self.roots, journal=self.journal, quarantine=quarantine)

    def _restore(self, ground: Ground, action: Action) -> JsonObject:
        entry = self._entry(action)
        undo = effect_of(entry).undo
        if undo is None:
            raise UnavailableError("There is nothing to bring back: it changed neither content nor name.")
        self._step(entry, State.RESTORING)
        try:
            undo(ground, entry)
        except (HroError, OSError):
            self._step(entry, entry.state)
            raise
        self._step(entry, State.RESTORED)
        return {"restored": True}

    def _purge(self, ground: Ground, action: Action) -> JsonObject:
        entry = self._entry(action)
        status = require_in_quarantine(ground, entry)
        with ground.quarantine.opened(entry.optimization_id, entry.number) as descriptor, held_alone(descriptor):
            shared = shared_bytes(descriptor)
        self._step(entry, State.PURGING)
        ground.quarantine.purge(entry.optimization_id, entry.number)
        self._step(entry, State.PURGED)
        return {"freed_bytes": max(0, status.st_blocks * BLOCK - shared) if status.st_nlink == 1 else 0}

    def _entry(self, action: Action) -> Entry:
        """The row of the action that is to be undone or purged, as the plan saw it."""
        entry = self.journal.entry(action.target["of"]["job"], action.target["of"]["number"])
        if entry is None or entry.state.value != action.relied_on["state"]:
            raise StaleError("Another job has brought it back or purged it since.")
        return entry

    def _step(self, entry: Entry, state: State) -> None:
        self.journal.note(entry.optimization_id, entry.number, state, by=self._job)

    def _settle_what_a_crash_left(self) -> None:
        """An intent without an outcome: the world tells what happened."""
        for state in (State.INTENDED, State.RESTORING, State.PURGING):
            for entry in self.journal.in_state(state):
                root = exact(entry.facts["target"]["root"])
                if root in self._quarantines:  # else of a root that is not ours to change any more
                    effect_of(entry).settle(self._ground(root, entry.optimization_id), entry)


def _skipped(action: Action, reason: str, code: str) -> Outcome:
    return Outcome(number=action.number, status=OutcomeStatus.SKIPPED, reason=reason, code=code)
