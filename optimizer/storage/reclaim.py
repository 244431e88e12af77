"""The handlers of what changes storage: each kind is one part or the sum of several, and one pair of hands acts."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any, Generic, TypeVar

from optimizer.errors import NothingInQuarantineError, PlanChangedError
from optimizer.host.begun import BegunJobs
from optimizer.host.journal import Entry, Journal, State
from optimizer.jobs import Job
from optimizer.options import PlanOptions, PurgeOptions, UndoOptions
from optimizer.plans import Action, Plan
from optimizer.ports import Clock, Progress
from optimizer.runner import Change
from optimizer.storage.hands import Hands
from optimizer.storage.kept import PURGEABLE, UNDOABLE, needs_no_undo, plan_purge, plan_restore
from optimizer.storage.measure import measure
from optimizer.storage.receipt import conclude
from optimizer.values import JsonObject, Value

Options = TypeVar("Options", bound=Value)
Observation = TypeVar("Observation")

#: Fields of a target that name a file
_PLACE = ("root", "path", "path_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[Options, Observation]):
    """One way to reclaim storage: what it is asked, what it looks at, what it plans. `plan` is pure."""

    options: type[Options]
    look: Callable[[Options, Progress], Observation]
    plan: Callable[[Options, Observation], Plan]
    #: The note where it plans nothing and has no other; it may name the part's options in braces
    nothing: str = "Nothing was found that may go."

    def planned(self, options: Options, seen: Observation) -> Plan:
        """Its plan. An empty one says why."""
        plan = self.plan(options, seen)
        if plan.actions or plan.notes:
            return plan
        return Plan(notes=(self.nothing.format_map(options.model_dump()),))

    def options_of(self, options: JsonObject) -> Options:
        """As much of what a job was asked for as this part understands."""
        known = self.options.model_fields.keys()
        return self.options.model_validate({name: value for name, value in options.items() if name in known})

    @property
    def needs_path(self) -> bool:
        """Whether it does nothing unless a folder is named."""
        path = self.options.model_fields.get("path")
        return path is not None and path.is_required()


def reclaim(parts: Sequence[Part[Any, Any]], hands: Hands) -> Change[list[Any]]:
    """The handler of a kind: its parts' actions, one part after the other."""

    def look(job: Job, progress: Progress) -> list[Any]:
        return [part.look(part.options_of(job.options), progress) for part in parts]

    def plan(job: Job, observations: list[Any]) -> Plan:
        pairs = zip(parts, observations, strict=True)
        return joined([part.planned(part.options_of(job.options), seen) for part, seen in pairs])

    return change(hands, look, plan)


def total(parts: Sequence[Part[Any, Any]], hands: Hands) -> Change[Any]:
    """The handler of a sum of kinds, which may be asked for without a folder: then only some of its parts act.

    A folder that is named is meant for those that need one. It is no folder of temporary files or logs.
    """

    def asked_of(part: Part[Any, Any], job: Job) -> JsonObject:
        return {name: value for name, value in job.options.items() if part.needs_path or name != "path"}

    def acting(job: Job) -> list[Part[Any, Any]]:
        return [part for part in parts if "path" in job.options or not part.needs_path]

    def look(job: Job, progress: Progress) -> list[Any]:
        return [part.look(part.options_of(asked_of(part, job)), progress) for part in acting(job)]

    def plan(job: Job, observations: list[Any]) -> Plan:
        active = acting(job)
        pairs = zip(active, observations, strict=True)
        plans = [part.planned(part.options_of(asked_of(part, job)), seen) for part, seen in pairs]
        notes = () if len(active) == len(parts) else ("No path was given, so no duplicates or cold files were sought.",)
        return joined([*plans, Plan(notes=notes)])

    return change(hands, look, plan)


def joined(plans: Sequence[Plan]) -> Plan:
    """One plan of several, with their actions numbered anew; of several that would touch one file, the first."""
    first: dict[str, Action] = {}
    for action in chain.from_iterable(plan.actions for plan in plans):
        first.setdefault(json.dumps([action.target.get("of"), *map(action.target.get, _PLACE)]), action)
    return Plan(
        actions=tuple(action.model_copy(update={"number": number}) for number, action in enumerate(first.values())),
        notes=tuple(dict.fromkeys(chain.from_iterable(plan.notes for plan in plans))),
    )


def apply_plan(hands: Hands, load: Callable[[str], Plan]) -> Change[Plan]:
    """`load` gives the plan of a job as it was shown."""

    def planned(job: Job, _progress: Progress) -> Plan:
        options = PlanOptions.model_validate(dict(job.options))
        plan = load(options.optimization_id)
        if plan.digest != options.digest:
            raise PlanChangedError(digest=plan.digest)
        return plan

    return change(hands, planned, lambda _job, plan: plan)


def undo(hands: Hands) -> Change[list[Entry]]:
    def look(job: Job, _progress: Progress) -> list[Entry]:
        options = UndoOptions.model_validate(dict(job.options))
        return _entries(hands.journal, options.optimization_id, options.items, _is_for_undo)

    return change(hands, look, lambda _job, entries: plan_restore(entries))


def purge(hands: Hands, clock: Clock) -> Change[list[Entry]]:
    def look(job: Job, _progress: Progress) -> list[Entry]:
        options = PurgeOptions.model_validate(dict(job.options))
        if options.older_than_days is not None:
            since = clock.now() - timedelta(days=options.older_than_days)
            return hands.journal.in_state(State.QUARANTINED, before=since.isoformat())
        return _entries(hands.journal, str(options.optimization_id), options.items, _is_for_purge)

    return change(hands, look, lambda _job, entries: plan_purge(entries))


def _is_for_undo(entry: Entry) -> bool:
    return entry.state in UNDOABLE or needs_no_undo(entry)


def _is_for_purge(entry: Entry) -> bool:
    return entry.state in PURGEABLE


def _entries(
    journal: Journal, optimization_id: str, items: Collection[int] | None, is_meant: Callable[[Entry], bool]
) -> list[Entry]:
    """Raises NothingInQuarantineError where the job left nothing that could be acted on, or has not any more."""
    entries = [entry for entry in journal.of_job(optimization_id) if is_meant(entry)]
    if items is not None:
        entries = [entry for entry in entries if entry.number in items]
    if not entries:
        raise NothingInQuarantineError(optimization_id=optimization_id)
    return entries


@dataclass(frozen=True, slots=True)
class _Looked(Generic[Observation]):
    observation: Observation


def change(
    hands: Hands, look: Callable[[Job, Progress], Observation], plan: Callable[[Job, Observation], Plan]
) -> Change[Any]:
    """A handler whose actions these hands do. An attempt that died left its plan, which is never made anew."""

    def analyze(job: Job, progress: Progress) -> Plan | _Looked[Observation]:
        begun = None if job.dry_run else BegunJobs(hands.journal.file).plan_of(job.optimization_id)
        return begun or _Looked(look(job, progress))

    def planned(job: Job, seen: Plan | _Looked[Observation]) -> Plan:
        return plan(job, seen.observation) if isinstance(seen, _Looked) else seen

    return Change(
        analyze=analyze,
        plan=planned,
        apply=hands.apply,
        measure=partial(measure, hands),
        conclude=conclude,
        hold=hands.hold,
    )
