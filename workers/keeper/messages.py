"""What stands in the streams, as messages of the exchange. Pure."""

import json
from typing import Any

from optimizer.events import AGENT
from optimizer.store.outbox import Entry, to_event
from workers.keeper.publisher import Message


def domain_message(entry: Entry) -> Message:
    """An event of the product: optimization.<event_type>."""
    event = to_event(entry.fields)
    return Message(f"optimization.{event['event_type']}", event["event_id"], event)


def celery_message(entry: Entry) -> Message:
    """An event of Celery's, as it stands in its stream: optimization.celery.<type>."""
    body: dict[str, Any] = json.loads(entry.fields["body"])
    return Message(f"optimization.{body['event_type']}", body["event_id"], body)


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
