"""Does the actions of one job at a time, in roots that are open and locked for it."""

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

from optimizer.errors import CancelledError, FencedOutError, HroError, PathForbiddenError, PathNotFoundError
from optimizer.host.begun import BegunJobs
from optimizer.host.fiemap import shared_bytes
from optimizer.host.files import ScanRoots
from optimizer.host.holder import this_process
from optimizer.host.in_use import held_alone
from optimizer.host.journal import Entry, Journal, State
from optimizer.host.journal_file import Claim
from optimizer.host.quarantine import QuarantineUnsafeError
from optimizer.host.space import Room, settled_rooms
from optimizer.jobs import Job
from optimizer.paths import exact, readable
from optimizer.plans import Action, Outcome, OutcomeStatus, Plan
from optimizer.ports import Progress
from optimizer.storage.clean.rule import Catalogue
from optimizer.storage.effects.ground import BLOCK, FailedError, Ground, StaleError, UnavailableError, Unheard
from optimizer.storage.effects.move import require_in_quarantine
from optimizer.storage.effects.table import EFFECTS, effect_of
from optimizer.storage.guard import Guard, Unguarded
from optimizer.storage.held_roots import HeldRoots, held_roots
from optimizer.storage.proof import LOOK_SECONDS
from optimizer.storage.types import PURGE, RESTORE
from optimizer.values import JsonObject

#: States that only an attempt which died leaves behind, once its root is no longer held
_BEGUN = (State.INTENDED, State.RESTORING, State.PURGING)
#: States of an action that was done: False of a job's own, True of another job's that was brought back or purged
_DONE = {
    False: frozenset({State.QUARANTINED, State.REPLACED, State.DONE}),
    True: frozenset({State.RESTORED, State.PURGED}),
}


@dataclass(slots=True)
class Hands:
    """`hold` opens and locks every root for a job; `apply` then does one action after the other."""

    roots: ScanRoots
    journal: Journal
    patience_seconds: float = 0.0  #: to wait for another job that changes the same root
    guard_for: Callable[[Job, Plan], AbstractContextManager[Guard]] = lambda _job, _plan: nullcontext(Unguarded())
    catalogue: Catalogue = field(default_factory=Catalogue)
    _held: HeldRoots = field(default_factory=HeldRoots, init=False)
    _job: str = field(default="", init=False)
    _goes_on: bool = field(default=False, init=False)  #: whether an earlier attempt at the job died
    _guard: Guard = field(default_factory=Unguarded, init=False)
    _progress: Progress = field(default_factory=Unheard, init=False)

    @contextmanager
    def hold(self, job: Job, plan: Plan, fence: int) -> Iterator[None]:
        """For one attempt at a job. One that died before is taken on where it was, by its plan.

        The plan is kept until whoever runs the job calls BegunJobs.end: the record of its end may not be written yet.
        Raises RootBusyError, QuarantineUnsafeError, PathNotFoundError, JournalError, FencedOutError.
        """
        begun, claim = BegunJobs(self.journal.file), Claim(job.optimization_id, fence)
        goes_on = begun.begin(claim, this_process())
        needed = {exact(action.target["root"]) for action in plan.actions}
        useful = {exact(entry.facts["target"]["root"]) for entry in self._begun()}
        with ExitStack() as stack:
            self._held = stack.enter_context(held_roots(self.roots, needed, useful, self.patience_seconds))
            stack.enter_context(self.journal.file.session(claim))
            begun.keep_plan(job.optimization_id, plan)
            self._job, self._goes_on = job.optimization_id, goes_on
            self._settle(self._begun())  # read again: until the roots were ours, another job was at work there
            self._guard = stack.enter_context(self.guard_for(job, plan))
            yield

    def apply(self, action: Action, progress: Progress) -> Outcome:
        """One action. Where its ground has shifted, or its guard says so, it is skipped, with the reason."""
        self._progress = progress
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
            done_before = self._done_before(action) if self._goes_on else None
            if done_before is not None:
                return Outcome(number=action.number, status=OutcomeStatus.DONE, measured=done_before)
            ground = self._ground(exact(action.target["root"]), self._job)
            if action.type not in does:
                raise UnavailableError(f"This version knows no action {action.type}.")
            measured = does[action.type](ground, action)
        except (FencedOutError, CancelledError):
            raise
        except FailedError as error:
            return _failed(action, error)
        except HroError as error:
            return _skipped(action, error.message, error.code)
        except OSError as error:
            return _skipped(action, error.strerror or str(error), errno.errorcode.get(error.errno or 0, ""))
        return Outcome(number=action.number, status=OutcomeStatus.DONE, measured={"type": action.type, **measured})

    def rooms(self) -> dict[str, Room]:
        """What is free on the filesystem of each root that is held, by the root's name."""
        return {readable(root): room for root, room in settled_rooms(self._held.descriptors, LOOK_SECONDS).items()}

    def _ground(self, root: bytes, job: str) -> Ground:
        quarantine = self._held.quarantines.get(root)
        if quarantine is None:
            raise StaleError(
                "Its root cannot be had: it left HRO_ROOTS, is gone, or has a quarantine that is not ours alone."
            )
        return Ground(
            job=job,
            roots=self.roots,
            journal=self.journal,
            quarantine=quarantine,
            catalogue=self.catalogue,
            progress=self._progress,
        )

    def _restore(self, ground: Ground, action: Action) -> JsonObject:
        entry = self._entry(action)
        undo = effect_of(entry).undo
        if undo is None:
            raise UnavailableError("There is nothing to bring back: it changed neither content nor name.")
        self._step(entry, State.RESTORING)
        try:
            undo(ground, entry)
        except HroError:
            self._step(entry, entry.state)
            raise
        except OSError:
            self._settle_begun(ground, entry)
            raise
        self._step(entry, State.RESTORED)
        return {"restored": True}

    def _purge(self, ground: Ground, action: Action) -> JsonObject:
        entry = self._entry(action)
        status = require_in_quarantine(ground, entry)
        with ground.quarantine.opened(entry.optimization_id, entry.number) as descriptor, held_alone(descriptor):
            shared = shared_bytes(descriptor)
        freed = max(0, status.st_blocks * BLOCK - shared) if status.st_nlink == 1 else 0
        self._step(entry, State.PURGING, freed_bytes=freed)
        try:
            ground.quarantine.purge(entry.optimization_id, entry.number)
        except OSError:
            self._settle_begun(ground, entry)
            raise
        self._step(entry, State.PURGED)
        return {"freed_bytes": freed}

    def _done_before(self, action: Action) -> JsonObject | None:
        """What an earlier attempt at this job measured of an action, if it got to do it."""
        of = action.target.get("of", {"job": self._job, "number": action.number})
        entry = self.journal.entry(of["job"], of["number"])
        if entry is None or entry.state not in _DONE[action.type in (RESTORE, PURGE)]:
            return None
        if "of" in action.target and entry.facts["by"] != self._job:
            return None
        measured = "allocated_bytes" if entry.state is State.QUARANTINED else "freed_bytes"
        return {"type": action.type, measured: entry.facts.get(measured, 0)}

    def _entry(self, action: Action) -> Entry:
        """The row of the action that is to be undone or purged, as the plan saw it."""
        entry = self.journal.entry(action.target["of"]["job"], action.target["of"]["number"])
        if entry is None or entry.state.value != action.relied_on["state"]:
            raise StaleError("Another job has brought it back or purged it since.")
        return entry

    def _settle_begun(self, ground: Ground, entry: Entry) -> None:
        """The disk failed: the world tells how far it came. Where not even that can be asked, the next job asks."""
        begun = self.journal.entry(entry.optimization_id, entry.number)
        with suppress(OSError):
            effect_of(entry).settle(ground, begun or entry)

    def _step(self, entry: Entry, state: State, **facts: int) -> None:
        self.journal.note(entry.optimization_id, entry.number, state, by=self._job, **facts)

    def _begun(self) -> list[Entry]:
        return [entry for state in _BEGUN for entry in self.journal.in_state(state)]

    def _settle(self, begun: Iterable[Entry]) -> None:
        """Intents without an outcome, which a crash left: the world tells what happened.

        Where it cannot be told now, it stays an intent, for the next job to look again: this one has other files.
        Raises JournalError, FencedOutError.
        """
        for entry in begun:
            root = exact(entry.facts["target"]["root"])
            if root not in self._held.quarantines:  # it is not ours to change now
                continue
            with suppress(
                QuarantineUnsafeError, PathNotFoundError, PathForbiddenError, StaleError, UnavailableError, OSError
            ):
                effect_of(entry).settle(self._ground(root, entry.optimization_id), entry)


def _failed(action: Action, error: FailedError) -> Outcome:
    return Outcome(
        number=action.number,
        status=OutcomeStatus.FAILED,
        reason=error.message,
        code=error.code,
        measured={"type": action.type, **error.details},
    )


def _skipped(action: Action, reason: str, code: str) -> Outcome:
    return Outcome(number=action.number, status=OutcomeStatus.SKIPPED, reason=reason, code=code)
