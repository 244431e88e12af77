"""What another service's Celery message asks for. Pure.

Such a message is whatever a stock client sends: protocol 2, JSON, keyword arguments, an optional `host` among them.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from optimizer.errors import DelayTooLongError, HroError, InvalidRequestError, UnsignedJobError
from optimizer.jobs import Job
from optimizer.kinds import KINDS, Resource, Scope, parse_options
from optimizer.ports import Clock

#: kombu's names for the lists of a queue with its default priority steps 0, 3, 6 and 9
_PRIORITY_SUFFIXES = ("", "\x06\x163", "\x06\x166", "\x06\x169")
#: Every list onto which other services put tasks; no worker consumes them
PUBLIC_LISTS = tuple(f"{resource}{suffix}" for resource in Resource for suffix in _PRIORITY_SUFFIXES)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: No option of any kind is nested as deeply. Python and Redis each give up at a depth of their own, near a thousand
_MOST_NESTED = 16
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")


class UnreadableMessageError(HroError):
    """The message names no job: it is not Celery's JSON protocol 2, or its task is not one of ours."""

    code = "unreadable_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTask:
    """As much of a message as makes a job. Raises UnreadableMessageError where no record could hold its arguments."""

    task_id: str
    task: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    eta: Any  #: None, or a moment in ISO 8601

    def __post_init__(self) -> None:
        if not isinstance(self.kwargs, dict) or not is_plain([self.args, self.kwargs]):
            raise UnreadableMessageError("The task's arguments are no plain JSON, or nested too deeply.")


def read_message(text: str) -> ForeignTask:
    """Raises UnreadableMessageError."""
    try:
        text.encode()  # JSON is UTF-8; what was read of anything else cannot be encoded again
        envelope = json.loads(text)
        headers, body = envelope["headers"], envelope["body"]
        if envelope["properties"].get("body_encoding") == "base64":
            body = base64.b64decode(body)
        args, kwargs, _ = json.loads(body)
        found = ForeignTask(
            task_id=headers["id"], task=headers["task"], args=tuple(args), kwargs=kwargs, eta=headers.get("eta")
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise UnreadableMessageError(f"{UnreadableMessageError.__doc__} ({type(error).__name__}: {error})") from None
    if not isinstance(found.task_id, str) or not _ID.fullmatch(found.task_id):
        raise UnreadableMessageError("The task's id is not one: letters, digits, dots, dashes, 128 at most.")
    if not isinstance(found.task, str) or not _is_task(found.task):
        raise UnreadableMessageError(f"There is no task of the name {found.task!r}.")
    return found


def is_plain(value: Any, depth: int = _MOST_NESTED) -> bool:
    """Whether it can be written down as JSON, and read back by every client: not so are NaN and 1e999."""
    if isinstance(value, dict):
        return depth > 0 and all(isinstance(name, str) and is_plain(part, depth - 1) for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return depth > 0 and all(is_plain(part, depth - 1) for part in value)
    return not isinstance(value, float) or isfinite(value)


def _is_task(name: str) -> bool:
    kind = KINDS.get(kind_of(name))
    return kind is not None and kind.resource is not None


def kind_of(task: str) -> str:
    return task.removeprefix("optimizer.")


def to_job(foreign: ForeignTask, default_host: str, clock: Clock) -> Job:
    """The job that it asks for, whether or not it can be done."""
    options = {name: value for name, value in foreign.kwargs.items() if name != "host"}
    host = foreign.kwargs.get("host", default_host)
    return Job(
        optimization_id=foreign.task_id,
        kind=kind_of(foreign.task),
        host=host if isinstance(host, str) and _HOST.fullmatch(host) else default_host,
        options=options,
        created_at=clock.now(),
        due_at=_moment(foreign.eta),
    )


def _moment(eta: Any) -> datetime | None:
    """What Celery writes for an eta or a countdown; None for what is no moment that the store could keep."""
    try:
        moment = datetime.fromisoformat(eta)
    except (TypeError, ValueError):
        return None
    if not 1970 <= moment.year <= 9000:  # noqa: PLR2004 - as milliseconds since 1970, and back in any timezone
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def refusal(foreign: ForeignTask, job: Job, allowed: tuple[Scope, ...]) -> HroError | None:
    """Why the job is not done, or None where it may be. `allowed`: what unsigned jobs may do."""
    if foreign.args:
        return InvalidRequestError("Tasks take keyword arguments only.")
    if foreign.kwargs.get("host", job.host) != job.host:
        return InvalidRequestError("host must be one host's name.")
    try:
        parse_options(job.definition, job.options)
    except InvalidRequestError as error:
        return error
    if job.scope not in allowed:
        return UnsignedJobError(needs=job.scope.value)
    return _too_late(foreign, job)


def _too_late(foreign: ForeignTask, job: Job) -> HroError | None:
    if foreign.eta is not None and job.due_at is None:
        return InvalidRequestError("eta must be a moment in ISO 8601.")
    return DelayTooLongError(due_at=foreign.eta) if job.is_due_too_late else None
