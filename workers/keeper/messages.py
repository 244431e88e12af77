"""What stands in the streams, as messages of the exchange. Pure."""

import json
from collections.abc import Callable
from typing import Any

from optimizer.events import AGENT
from optimizer.store.outbox import Entry, to_event
from workers.keeper.publisher import Message

#: Bytes of a routing key or a message's id: a short string of AMQP 0-9-1
_MOST_BYTES = 255


class UnreadableEntryError(Exception):
    """The entry is none that this service writes, or is too long for RabbitMQ; the text says why."""


def domain_message(entry: Entry) -> Message:
    """An event of the product: optimization.<event_type>. Raises UnreadableEntryError."""
    return _message(lambda: to_event(entry.fields))


def celery_message(entry: Entry) -> Message:
    """An event of Celery's, as it stands in its stream: optimization.celery.<type>. Raises UnreadableEntryError."""
    return _message(lambda: json.loads(entry.fields["body"]))


def _message(read: Callable[[], dict[str, Any]]) -> Message:
    try:
        body = read()
        message = Message(f"optimization.{body['event_type']}", body["event_id"], body)
        longest = max(len(message.routing_key.encode()), len(message.message_id.encode()))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError) as error:
        raise UnreadableEntryError(f"{type(error).__name__}: {error}") from error
    if longest > _MOST_BYTES:
        raise UnreadableEntryError(f"its type or id is longer than {_MOST_BYTES} bytes")
    return message


def celery_body(event: dict[str, Any], timestamp: str) -> dict[str, Any]:
    """Celery's event in the form that ours have. Its id follows from worker, process and that process' clock."""
    source = f"{event.get('hostname', '')}:{event.get('pid', '')}:{event.get('clock', '')}"
    return {
        "event_id": f"celery:{source}:{event['type']}:{event.get('uuid', '')}",
        "event_type": f"celery.{event['type']}",
        "agent": AGENT,
        "host": str(event.get("hostname", "")).partition("@")[2],
        "optimization_id": event.get("uuid"),
        "data": {name: value for name, value in event.items() if name not in ("type", "uuid")},
        "timestamp": timestamp,
    }
