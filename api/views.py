"""What a record looks like over HTTP. Pure."""

from datetime import datetime
from typing import Any

from optimizer.jobs import Job, JobRecord
from optimizer.values import JsonObject

#: The fields that hold the digest of a file's content
_DIGESTS = frozenset({"digest", "hash"})


def job_json(record: JobRecord, now: datetime, *, with_digests: bool) -> dict[str, Any]:
    """The answer of GET /optimizations/<id>."""
    job = record.job
    return {
        "optimization_id": job.optimization_id,
        "parent_id": job.parent_id,
        "kind": job.kind,
        "resource": job.resource,
        "host": _hosts(job),
        "options": dict(job.options),
        "status": record.status.value,
        "progress": record.progress,
        "plan": record.plan,
        "result": None if record.result is None else shown(record.result, with_digests=with_digests),
        "error": record.error,
        "children": [_child_json(child) for child in record.children],
        "reversible": record.reversible,
        "attempt": record.attempt,
        "worker": record.worker,
        "created_at": job.created_at.isoformat(),
        "due_at": _moment(job.due_at),
        "started_at": _moment(record.started_at),
        "finished_at": _moment(record.finished_at),
        "timestamp": now.isoformat(),
    }


def listed_json(record: JobRecord) -> dict[str, Any]:
    """A job in a list: its state, without what it found."""
    job = record.job
    return {
        "optimization_id": job.optimization_id,
        "parent_id": job.parent_id,
        "kind": job.kind,
        "resource": job.resource,
        "host": _hosts(job),
        "status": record.status.value,
        "error": record.error,
        "created_at": job.created_at.isoformat(),
        "due_at": _moment(job.due_at),
        "started_at": _moment(record.started_at),
        "finished_at": _moment(record.finished_at),
    }


def _child_json(record: JobRecord) -> dict[str, Any]:
    job = record.job
    return {
        "optimization_id": job.optimization_id,
        "kind": job.kind,
        "host": job.host,
        "resource": job.resource,
        "status": record.status.value,
    }


def _hosts(job: Job) -> str | list[str]:
    """A name or a list of names, as it was asked for."""
    return job.host if len(job.hosts) == 1 else list(job.hosts)


def shown(result: JsonObject, *, with_digests: bool) -> JsonObject:
    return result if with_digests else without_digests(result)


def without_digests(value: Any) -> Any:
    """A JSON value without every digest of a file's content in it."""
    if isinstance(value, dict):
        return {name: without_digests(part) for name, part in value.items() if name not in _DIGESTS}
    if isinstance(value, list):
        return [without_digests(part) for part in value]
    return value


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
