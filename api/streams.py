"""Server-sent events of one job: each change of its record, until it ends."""

import json
import re
import time
from collections.abc import Iterator
from threading import BoundedSemaphore

from flask import Response

from api.problems import TooManyStreamsError
from api.routing import call, service
from api.views import job_json
from optimizer.errors import HroError
from optimizer.ports import Clock
from optimizer.store.jobs import JobStore

#: A stream holds a thread of the server for as long as it lasts, so there must be fewer than threads
_streams = BoundedSemaphore(24)
_POLL_SECONDS = 0.25
_VERSION = re.compile(r"[0-9]{1,15}")
#: A comment line after so much silence keeps proxies from closing the connection, and finds clients that are gone
_SILENCE_SECONDS = 15.0


def follow(optimization_id: str, last_event_id: str | None) -> Response:
    """A stream of events `progress` and, once, `end`; ids are the record's version, for Last-Event-ID."""
    if not _streams.acquire(blocking=False):
        raise TooManyStreamsError
    parts = service().parts
    seen = int(last_event_id) if last_event_id and _VERSION.fullmatch(last_event_id) else -1
    changes = _changes(parts.store, parts.clock, optimization_id, seen, with_digests=call().caller.sees_digests)
    answer = Response(changes, content_type="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(_streams.release)
    return answer


def _changes(store: JobStore, clock: Clock, optimization_id: str, seen: int, *, with_digests: bool) -> Iterator[str]:
    spoken = clock.monotonic()
    while True:
        try:
            state = store.status(optimization_id)
            record = store.get(optimization_id) if state and state[1] > seen else None
        except HroError as error:
            yield _event("error", seen, error.to_json())
            return
        if record is not None:
            seen, spoken = record.version, clock.monotonic()
            ended = record.status.is_final
            yield _event("end" if ended else "progress", seen, job_json(record, clock.now(), with_digests=with_digests))
        if state is None or state[0].is_final:
            return
        if clock.monotonic() - spoken > _SILENCE_SECONDS:
            spoken = clock.monotonic()
            yield ": still here\n\n"
        time.sleep(_POLL_SECONDS)


def _event(name: str, version: int, data: object) -> str:
    return f"id: {version}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
