"""From a request to a job: checked, submitted, answered."""

import hashlib
import json
import re
import uuid
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from flask import Response, request
from structlog.contextvars import bind_contextvars
from werkzeug.datastructures import Headers

from api.answers import Answer
from api.routing import Call, Service
from optimizer.errors import InvalidRequestError, JobHasChildrenError, JobNotEndedError, PathForbiddenError
from optimizer.jobs import Job, JobRecord
from optimizer.kinds import Kind
from optimizer.settings import Settings
from optimizer.store.jobs import Idempotency
from optimizer.values import Value

if TYPE_CHECKING:  # a module that exists for type checkers alone
    from _typeshed.wsgi import WSGIEnvironment

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_compact = json.JSONEncoder(separators=(",", ":")).encode  # as jsonify writes it


def job_of_request(at: Call, kind: Kind, asked: Value) -> Job:
    """A new job of what the body or the query asks for. Raises PathForbiddenError."""
    said = asked.model_dump(mode="json", exclude_none=True)
    hosts = _known_hosts(at.service, said.pop("host", None))
    job = Job(
        optimization_id=str(uuid.uuid4()),
        kind=kind.name,
        host=",".join(hosts),
        options=said,
        request_id=at.request_id,
        created_at=at.service.parts.clock.now(),
    )
    _refuse_paths_outside(at.service.settings, job)
    return job


def follow_up(at: Call, kind: Kind, record: JobRecord, asked: Value) -> Job:
    """A job that acts on what another one did, on that one's host. Raises JobNotEndedError, JobHasChildrenError."""
    parent = record.job
    if parent.children:
        raise JobHasChildrenError(optimization_id=parent.optimization_id)
    if not record.status.is_final:
        raise JobNotEndedError(optimization_id=parent.optimization_id)
    return Job(
        optimization_id=str(uuid.uuid4()),
        kind=kind.name,
        host=parent.host,
        options={"optimization_id": parent.optimization_id, **asked.model_dump(mode="json", exclude_none=True)},
        parent_id=parent.optimization_id,
        request_id=at.request_id,
        created_at=at.service.parts.clock.now(),
    )


def _known_hosts(shared: Service, asked: str | list[str] | None) -> list[str]:
    """The hosts to run it. One that nobody has ever heard of is a mistake: its queue would be read by nobody."""
    default = shared.settings.job_host
    given = asked.split(",") if isinstance(asked, str) else asked or [default]
    hosts = list(dict.fromkeys(given))
    if hosts != [default]:
        known = {facts["host"] for facts in shared.parts.vitals.workers().values()} | {default}
        if unknown := [host for host in hosts if host not in known]:
            raise InvalidRequestError(
                f"host: no worker of {', '.join(unknown)} has been heard of; known are {', '.join(sorted(known))}."
            )
    return hosts


def _refuse_paths_outside(settings: Settings, job: Job) -> None:
    """Refuse early what this host's worker would refuse. For another host its own worker knows its own roots."""
    given = [*job.options.get("paths", ()), *filter(None, [job.options.get("path")])]
    if not given or settings.host not in job.hosts:
        return
    changes = job.definition.changes_host
    roots, setting = (settings.roots, "HRO_ROOTS") if changes else (settings.scan_roots, "HRO_SCAN_ROOTS")
    for path in given:
        if not any(PurePosixPath(path).is_relative_to(root) for root in roots):
            raise PathForbiddenError(f"{path} is in none of the folders of {setting}.", setting=setting, path=path)


def idempotency(at: Call, kind: Kind, job: Job) -> Idempotency | None:
    """The caller's own name for this request, if it has one."""
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidRequestError("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    return Idempotency(key=f"{at.caller.id}:{key}", fingerprint=fingerprint(kind, job))


def fingerprint(kind: Kind, job: Job) -> str:
    """What two requests that ask for the same have in common."""
    said = json.dumps([kind.name, job.host, dict(job.options)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


class _Taken(Answer):
    def get_wsgi_headers(self, _environ: "WSGIEnvironment") -> Headers:
        """As they stand: the length is there, and the address needs none of the care that a foreign one would."""
        return self.headers


def initiated(at: Call, optimization_id: str) -> Response:
    """202: the job is taken, and this is where to follow it."""
    bind_contextvars(optimization_id=optimization_id)  # for the request's line in the log
    clock = at.service.parts.clock
    said = {
        "status": "initiated",
        "optimization_id": optimization_id,
        "timestamp": clock.now().isoformat(),
        "response_time_ms": round((clock.monotonic() - at.started) * 1000, 3),
    }
    body = f"{_compact(said)}\n".encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Location", f"/optimizations/{optimization_id}"),
        ("Retry-After", "1"),
    ]
    return _Taken([body], 202, headers)
