"""The broker's transport, which looks at each message before Celery does: one that Celery cannot read would end it."""

from typing import Any, Final

import redis
import structlog
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as stock

from optimizer.errors import HroError
from optimizer.store.deliverable import read_deliverable
from optimizer.store.foreign import ForeignTask, UnreadableMessageError
from workers.parts import worker_parts

#: Of a message that cannot be kept, so much stands in the log
_SHOWN: Final = 500

log = structlog.get_logger(__name__)


class Client(redis.Redis):
    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        reply = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call] # has none
        if command_name == "BRPOP" and reply and not is_for_celery(*reply):
            return None  # as where nothing came
        return reply


class Channel(stock.Channel):
    def _get_client(self) -> Any:
        found = super()._get_client()  # type: ignore[misc] # the stubs leave it out
        return Client if found is redis.Redis else found


class Transport(stock.Transport):
    Channel = Channel


def install() -> None:
    """For every broker of this process. An address on a unix socket has no other place where it could be named."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"


def is_for_celery(queue: bytes, message: bytes) -> bool:
    """Whether the worker may have a message that it has just taken. If not, it is kept elsewhere."""
    name, text = queue.decode("utf-8", "surrogateescape"), message.decode("utf-8", "surrogateescape")
    try:
        task = read_deliverable(text)
    except UnreadableMessageError as error:
        _set_aside(name, text, error)
        return False
    return task.eta is None or not _is_kept_until_due(task)  # the store's own messages have no eta


def _set_aside(queue: str, text: str, error: UnreadableMessageError) -> None:
    try:
        worker_parts().intake.drop(queue, text, error)
    except HroError as problem:
        log.warning("message_dropped", queue=queue, reason=error.message, kept=problem.message, text=text[:_SHOWN])


def _is_kept_until_due(task: ForeignTask) -> bool:
    """In the store, as if it had come by a public list; Celery would keep it in memory."""
    try:
        worker_parts().intake.adopt(task)
    except HroError as problem:
        log.warning("task_not_adopted", optimization_id=task.task_id, reason=problem.message)
        return False
    return True
