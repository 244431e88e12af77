"""Runs a job: analyze, plan, apply, measure, receipt. A dry run is the same, and stops after the plan."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from optimizer.events import EventType
from optimizer.jobs import Job, Status
from optimizer.plans import Action, Outcome, OutcomeStatus, Plan, Verdict
from optimizer.ports import Clock, Progress
from optimizer.values import JsonObject

Observation = TypeVar("Observation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a job found out or brought about."""

    result: JsonObject
    event: JsonObject = field(default_factory=dict)  #: data of the kind's own event
    gauges: Mapping[str, int] = field(default_factory=dict)  #: metrics of the last run, such as memory_freed_bytes
    verdict: Verdict | None = None
    also: Mapping[EventType, JsonObject] = field(default_factory=dict)  #: further events, and their data


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What is known once the actions of a plan were applied."""

    job: Job
    plan: Plan
    outcomes: tuple[Outcome, ...]
    before: JsonObject
    after: JsonObject
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A kind that only looks."""

    look: Callable[[Job, Progress], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[Observation]):
    """A kind that changes the host. `plan` and `conclude` are pure."""

    analyze: Callable[[Job, Progress], Observation]
    plan: Callable[[Job, Observation], Plan]
    apply: Callable[[Action, Progress], Outcome]
    measure: Callable[[], JsonObject]
    conclude: Callable[[Applied], Finding]
    hold: Callable[[Job, Plan, int], AbstractContextManager[None]] = field(default=lambda *_: nullcontext())
    """Entered around all actions of a plan, with the attempt's fence: locks, and whatever must be open for them."""


Handler = Analysis | Change[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a finished job leaves behind."""

    result: JsonObject
    plan: Plan | None = None
    event: JsonObject | None = None  #: None where the kind's own event must not be sent, as after a dry run
    gauges: Mapping[str, int] = field(default_factory=dict)
    also: Mapping[EventType, JsonObject] = field(default_factory=dict)


def unknown_action(action: Action, _progress: Progress) -> Outcome:
    """What applies the plans of a kind that plans nothing: an action that comes from elsewhere is not done."""
    reason = f"This version knows no action {action.type}."
    return Outcome(number=action.number, status=OutcomeStatus.FAILED, reason=reason)


def run(job: Job, handler: Handler, progress: Progress, clock: Clock, *, fence: int = 1) -> Report:
    """Do the job. Raises an HroError where it cannot be done, CancelledError where it was stopped.

    `fence` is greater than that of every earlier attempt at this job.
    """
    if isinstance(handler, Analysis):
        finding = handler.look(job, progress)
        return Report(result=finding.result, event=finding.event, gauges=finding.gauges)
    return _change(job, handler, progress, clock, fence)


def _change(job: Job, handler: Change[Any], progress: Progress, clock: Clock, fence: int) -> Report:
    plan = handler.plan(job, handler.analyze(job, progress))
    if job.dry_run:
        verdict = Verdict.PLANNED if plan.actions else Verdict.NOTHING_TO_DO
        return Report(plan=plan, result=_receipt(job, plan, verdict, clock))
    with handler.hold(job, plan, fence):
        applied = _apply(job, plan, handler, progress, clock)
    finding = handler.conclude(applied)
    verdict = (finding.verdict or Verdict.NO_EFFECT) if plan.actions else Verdict.NOTHING_TO_DO
    receipt = _receipt(job, plan, verdict, clock, applied) | dict(finding.result)
    return Report(plan=plan, result=receipt, event=finding.event, gauges=finding.gauges, also=finding.also)


def _apply(job: Job, plan: Plan, handler: Change[Any], progress: Progress, clock: Clock) -> Applied:
    started = clock.monotonic()
    before = handler.measure()
    outcomes = []
    for action in plan.actions:
        progress.report(phase="apply", actions_done=action.number, actions_total=len(plan.actions))
        outcomes.append(handler.apply(action, progress))
    return Applied(
        job=job,
        plan=plan,
        outcomes=tuple(outcomes),
        before=before,
        after=handler.measure(),
        duration_ms=round((clock.monotonic() - started) * 1000),
    )


def _receipt(job: Job, plan: Plan, verdict: Verdict, clock: Clock, applied: Applied | None = None) -> dict[str, Any]:
    """The fields that the result of every change has."""
    done = [outcome.number for outcome in applied.outcomes if outcome.status is OutcomeStatus.DONE] if applied else []
    return {
        "optimization_id": job.optimization_id,
        "status": Status.COMPLETED.value,
        "optimization_type": job.kind.removeprefix("optimize_"),
        "dry_run": job.dry_run,
        "verdict": verdict.value,
        "actions_taken": [plan.actions[number].reason for number in done],
        "notes": list(plan.notes),
        "outcomes": [outcome.model_dump(mode="json") for outcome in applied.outcomes] if applied else [],
        "before": dict(applied.before) if applied else {},
        "after": dict(applied.after) if applied else {},
        "execution_time_ms": applied.duration_ms if applied else 0,
        "timestamp": clock.now().isoformat(),
    }
