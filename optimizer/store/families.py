"""A job that is made of others: what is told of it is put together from what is told of them. Pure."""

from collections.abc import Sequence
from typing import Any

from optimizer.jobs import Job, JobRecord
from optimizer.values import JsonObject


def with_children(record: JobRecord, children: Sequence[JobRecord]) -> JobRecord:
    """The record with its children and, once all have ended, with the result that theirs make."""
    all_there = {child.job.optimization_id for child in children if child.status.is_final} == {
        child.optimization_id for child in record.job.children
    }  # else they are about to expire, or somebody has changed them
    result = _result(record.job, children) if record.status.is_final and all_there else None
    return record.model_copy(update={"children": tuple(children), "result": result})


def _result(job: Job, children: Sequence[JobRecord]) -> JsonObject:
    """By host where there are several."""
    by_host = {host: [child for child in children if child.job.host == host] for host in job.hosts}
    results = {
        host: _of_parts(of_host) if job.definition.parts else _of_one(of_host[0]) for host, of_host in by_host.items()
    }
    return results if len(results) > 1 else results[job.host]


def _of_one(child: JobRecord) -> JsonObject:
    """Its result, or how it ended without one."""
    return {"status": child.status.value, "error": child.error} if child.result is None else child.result


def _of_parts(children: Sequence[JobRecord]) -> JsonObject:
    """The parts of a kind on one host, in the fields that clients of older versions read."""
    results = {str(child.job.resource): dict(_of_one(child)) for child in children}
    taken = [action for result in results.values() for action in result.get("actions_taken", [])]
    # Disk is a part of storage here, and is done and counted there
    disk = {"status": results.get("storage", {}).get("status"), "optimization_type": "disk", "part_of": "storage"}
    return {
        "status": _status(children),
        "optimization_type": "all",
        "duration_seconds": _seconds(children),
        "total_actions": len(taken),
        "actions_taken": taken,
        "detailed_results": results | {"disk": disk},
        "before": {name: result["before"] for name, result in results.items() if "before" in result},
        "after": {name: result["after"] for name, result in results.items() if "after" in result},
        "timestamp": max(child.finished_at for child in children if child.finished_at).isoformat(),
    }


def _status(children: Sequence[JobRecord]) -> str:
    """As the script has it that ends the parent: failed or cancelled where any of them did."""
    statuses: set[Any] = {child.status.value for child in children}
    return next(status for status in ("failed", "cancelled", "completed") if status in statuses)


def _seconds(children: Sequence[JobRecord]) -> float:
    """From the first one's beginning to the last one's end; 0 where none began."""
    begun = [child.started_at for child in children if child.started_at]
    ended = [child.finished_at for child in children if child.finished_at]
    return round((max(ended) - min(begun)).total_seconds(), 3) if begun and ended else 0.0
