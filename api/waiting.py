"""Answering an analysis at once where its job ends soon enough, and otherwise with where to look."""

import re
import time
from threading import BoundedSemaphore

from flask import Response, jsonify, request

from api.problems import problem
from api.routing import Call
from api.submitting import initiated
from api.views import shown
from optimizer.bootstrap import ApiParts
from optimizer.errors import InvalidRequestError
from optimizer.jobs import JobRecord, Status

DEFAULT_SECONDS = 10
LONGEST_SECONDS = 60
#: Requests that wait hold a thread of the server each; the others are told to poll
_slots = BoundedSemaphore(16)

_WAIT = re.compile(r"wait=(\d{1,4})")


def preferred_seconds(prefer: str | None) -> int:
    """How long a caller would wait, from its Prefer header (RFC 7240). 0 stands for respond-async."""
    seconds = DEFAULT_SECONDS
    for preference in (prefer or "").lower().replace(" ", "").split(","):
        if preference == "respond-async":
            return 0
        if found := _WAIT.fullmatch(preference):
            seconds = int(found[1])
        elif preference.startswith("wait"):
            raise InvalidRequestError("Prefer: wait takes a whole number of seconds, as in wait=5.")
    return min(seconds, LONGEST_SECONDS)


def answer_when_done(at: Call, optimization_id: str) -> Response:
    """200 with the result where it is there within the time that the caller waits, else 202."""
    seconds = preferred_seconds(request.headers.get("Prefer"))
    if not seconds or not _slots.acquire(blocking=False):
        return initiated(at, optimization_id)
    try:
        ended = _wait_for_end(at.service.parts, optimization_id, seconds)
    finally:
        _slots.release()
    return _finished(at, at.service.parts.store.get(optimization_id)) if ended else initiated(at, optimization_id)


def _wait_for_end(parts: ApiParts, optimization_id: str, seconds: float) -> bool:
    clock, store, pause = parts.clock, parts.store, 0.01
    deadline = clock.monotonic() + seconds
    while clock.monotonic() < deadline:
        state = store.status(optimization_id)
        if state is None or state[0].is_final:
            return True
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
    return False


def _finished(at: Call, record: JobRecord) -> Response:
    if record.status is not Status.COMPLETED:
        return problem(record.error or {"code": "internal_error", "message": "The analysis did not end well."})
    result = shown(record.result or {}, with_digests=at.caller.sees_digests)
    if len(record.job.hosts) > 1:
        result = {"hosts": result}
    head = {"status": "success", "optimization_id": record.job.optimization_id}
    when = record.finished_at or record.job.created_at
    return jsonify(head | dict(result) | {"timestamp": when.isoformat()})
