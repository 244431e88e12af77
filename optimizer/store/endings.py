"""How a job ends: all that the finishing script writes, put together beforehand. Pure."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from optimizer.errors import CancelledError, ChildFailedError, HroError
from optimizer.events import EventType
from optimizer.jobs import Job, Status
from optimizer.runner import Report
from optimizer.store import metrics
from optimizer.values import JsonObject

#: Celery's names for our final states (celery.states)
_CELERY_STATE = {Status.COMPLETED: "SUCCESS", Status.FAILED: "FAILURE", Status.CANCELLED: "REVOKED"}
_EVENT = {
    Status.COMPLETED: EventType.JOB_COMPLETED,
    Status.FAILED: EventType.JOB_FAILED,
    Status.CANCELLED: EventType.JOB_CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long the store keeps what has ended, in seconds."""

    record_seconds: int
    tombstone_seconds: int
    idempotency_seconds: int = 24 * 3600


def completed(job: Job, report: Report, seconds: float, now: datetime, lifetimes: Lifetimes) -> str:
    """The ending of a job that did what it was asked for, `seconds` after it was begun."""
    told = {"verdict": report.result.get("verdict"), **(report.event or {})}
    events = [_final_event(Status.COMPLETED, {"kind": job.kind, "duration_ms": round(seconds * 1000)})]
    if job.definition.event and report.event is not None:
        data = {"duration_ms": round(seconds * 1000), **report.event}
        events.append({"name": "effect", "type": job.definition.event.value, "data": json.dumps(data)})
    for event, also in report.also.items():
        events.append({"name": event.value, "type": event.value, "data": json.dumps(dict(also))})
    return _ending_json(
        job,
        Status.COMPLETED,
        now,
        lifetimes,
        celery_result=_scalars(report.result),
        result=json.dumps(dict(report.result)),
        plan=json.dumps(report.plan.summary()) if report.plan else "",
        actions=[action.model_dump_json() for action in report.plan.actions] if report.plan else [],
        reversible=json.dumps(report.plan.reversible) if report.plan else "",
        history=_history(job, Status.COMPLETED, seconds, now, told),
        events=events,
        counters=metrics.counters(job.kind, Status.COMPLETED, seconds, report.gauges),
        gauges=metrics.gauges(report.gauges),
    )


def failed(job: Job, error: HroError, seconds: float, now: datetime, lifetimes: Lifetimes) -> str:
    """The ending of a job that could not be done, or that was stopped while it ran."""
    status = Status.CANCELLED if isinstance(error, CancelledError) else Status.FAILED
    return _ending_json(
        job,
        status,
        now,
        lifetimes,
        celery_result=_celery_exception(error),
        error=json.dumps(error.to_json()),
        history=_history(job, status, seconds, now, {"error": error.to_json()}),
        events=[_final_event(status, {"kind": job.kind, "error": error.to_json()})],
        counters=metrics.counters(job.kind, status, seconds, {}),
    )


def of_parent(job: Job, lifetimes: Lifetimes) -> str:
    """The endings of a job that is made of others, by status: the script that ends the last of them takes one.

    What it brought about stands with its children, and is counted there.
    """
    children = [child.optimization_id for child in job.children]
    told = {
        Status.COMPLETED: {"optimization_id": job.optimization_id, "children": len(children)},
        Status.FAILED: ChildFailedError(),
        Status.CANCELLED: CancelledError("A job that this one is made of was cancelled."),
    }
    return json.dumps(
        {
            status.value: _ending_json(
                job,
                status,
                None,  # nobody knows yet
                lifetimes,
                celery_result=_celery_exception(how) if isinstance(how, HroError) else how,
                error=json.dumps(how.to_json()) if isinstance(how, HroError) else "",
                events=[_final_event(status, {"kind": job.kind, "children": children})],
                counters=[],
            )
            for status, how in told.items()
        }
    )


def with_quarantine(ending: str, quarantine: Sequence[JsonObject] | None, now: datetime) -> str:
    """The same ending, with what its host has in quarantine now; None where the job is none that could change that."""
    if quarantine is None:
        return ending
    seen = {"at": now.isoformat(), "jobs": list(quarantine)}
    return json.dumps(json.loads(ending) | {"quarantine": json.dumps(seen)})


def _history(job: Job, status: Status, seconds: float, now: datetime, told: JsonObject) -> str:
    """The row that a finished job leaves which was to change its host; empty for one that was not."""
    if not job.definition.changes_host or job.dry_run:
        return ""
    row = {
        "optimization_id": job.optimization_id,
        "parent_id": job.parent_id,
        "kind": job.kind,
        "host": job.host,
        "status": status.value,
        "finished_at": now.isoformat(),
        "duration_ms": round(seconds * 1000),
    }
    return json.dumps({**told, **row})


def _final_event(status: Status, data: dict[str, Any]) -> dict[str, str]:
    return {"name": "final", "type": _EVENT[status].value, "data": json.dumps(data)}


def _ending_json(
    job: Job, status: Status, now: datetime | None, lifetimes: Lifetimes, *, celery_result: Any, **parts: Any
) -> str:
    empty: dict[str, Any] = {
        "result": "", "error": "", "plan": "", "reversible": "", "actions": [], "gauges": [], "history": "",
        "quarantine": "",
    }  # fmt: skip
    kept = {name: value for name, value in asdict(lifetimes).items() if name != "idempotency_seconds"}
    ending = empty | kept | parts | {"status": status.value}
    ending["celery_result"] = json.dumps(
        {
            "task_id": job.optimization_id,
            "status": _CELERY_STATE[status],
            "result": celery_result,
            "traceback": None,
            "children": [],
            "date_done": now.isoformat() if now else None,
            "name": job.definition.task_name,
            "kwargs": dict(job.options),
            "queue": job.queue,
        }
    )
    return json.dumps(ending)


def _celery_exception(error: HroError) -> dict[str, Any]:
    """An exception as Celery's JSON results have it; a client without this package rebuilds it by name."""
    if isinstance(error, CancelledError):
        name, module = "TaskRevokedError", "celery.exceptions"
    else:
        name, module = type(error).__name__, type(error).__module__
    return {"exc_type": name, "exc_message": [error.message], "exc_module": module}


def _scalars(result: Any) -> dict[str, Any]:
    """The summary that stands in Celery's result: the record has the tables and lists."""
    return {name: value for name, value in result.items() if not isinstance(value, (dict, list, tuple))}
