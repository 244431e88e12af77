"""A job's record between its Redis hash and the value that everyone else sees. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from optimizer.errors import StoreSpoiltError
from optimizer.jobs import Job, JobRecord, Status
from optimizer.kinds import KINDS
from optimizer.store.message import build_message


def entry(job: Job, signature: str) -> dict[str, Any]:
    """A new job as the scripts take it that make a record of it, see record() in shared.lua."""
    fields = to_fields(job, signature)
    return _entry(job, fields | {"queue": job.queue, "message": build_message(job, fields["options"])})


def parent_entry(job: Job, endings: str) -> dict[str, Any]:
    """The same of a job that is made of others, with its endings by status. It has no message: no worker runs it."""
    children = [child.optimization_id for child in job.children]
    more = {"queue": "", "children": " ".join(children), "open": str(len(children)), "endings": endings}
    return _entry(job, to_fields(job, "") | more)


def _entry(job: Job, fields: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": job.optimization_id,
        "event": _event(job.kind, job.resource, dry_run=job.dry_run),
        "fields": [part for pair in fields.items() for part in pair],
    }


@cache
def _event(kind: str, resource: str | None, *, dry_run: bool) -> str:
    """The data of job.queued. There are as many of them as there are kinds, twice."""
    return json.dumps({"kind": kind, "resource": resource, "dry_run": dry_run})


def to_fields(job: Job, signature: str) -> dict[str, str]:
    """What submit writes of the job itself."""
    return {
        "id": job.optimization_id,
        "kind": job.kind,
        "resource": job.resource or "",
        "host": job.host,
        "options": json.dumps(dict(job.options)),
        "parent_id": job.parent_id or "",
        "request_id": job.request_id or "",
        "created_ms": str(_to_ms(job.created_at)),
        "due_ms": str(_to_ms(job.due_at)) if job.due_at else "",
        "signature": signature,
    }


def from_fields(fields: Mapping[str, str], result: str | None = None) -> JobRecord:
    """The record. `result` is its JSON text, where it was read as well. Raises StoreSpoiltError."""
    try:
        return _record(fields, result)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise StoreSpoiltError(f"A job's record in Redis is not as this service writes it. ({reason})") from error


def _record(fields: Mapping[str, str], result: str | None) -> JobRecord:
    return JobRecord(
        job=Job(
            optimization_id=fields["id"],
            kind=KINDS[fields["kind"]].name,
            host=fields["host"],
            options=json.loads(fields["options"]),
            parent_id=fields["parent_id"] or None,
            request_id=fields["request_id"] or None,
            created_at=_from_ms(fields["created_ms"]),
            due_at=_from_ms(fields["due_ms"]) if fields.get("due_ms") else None,
        ),
        status=Status(fields["status"]),
        progress=_json(fields.get("progress")),
        plan=_json(fields.get("plan")),
        result=_json(result),
        error=_json(fields.get("error")),
        reversible=_json(fields.get("reversible")),
        started_at=_from_ms(fields["started_ms"]) if "started_ms" in fields else None,
        finished_at=_from_ms(fields["finished_ms"]) if "finished_ms" in fields else None,
        attempt=int(fields["attempt"]),
        worker=fields["owner"].partition("/")[0] if "owner" in fields else None,
        version=int(fields["version"]),
    )


def _json(text: str | None) -> Any:
    return json.loads(text) if text else None


def _to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _from_ms(text: str) -> datetime:
    return datetime.fromtimestamp(int(text) / 1000, UTC)
