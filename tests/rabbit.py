"""A queue of ours at a real RabbitMQ, bound as another service would bind it."""

import json
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import kombu

from workers.keeper.publisher import EXCHANGE


@dataclass(frozen=True)
class Received:
    routing_key: str
    message_id: str
    is_durable: bool
    body: dict[str, Any]


class Inbox:
    """Everything that is published to the exchange `optimization_events` from now on."""

    def __init__(self, url: str, binding: str = "optimization.#") -> None:
        self._connection = kombu.Connection(url)
        exchange = kombu.Exchange(EXCHANGE, "topic", durable=True)
        self._queue = kombu.Queue("", exchange, routing_key=binding, durable=True, exclusive=False, auto_delete=False)

    def __enter__(self) -> Self:
        self._connection.connect()
        channel = self._connection.default_channel
        self._bound = self._queue(channel)
        self._bound.declare()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._bound.delete()
        self._connection.release()

    def take(self, count: int, patience: float = 20.0) -> list[Received]:
        """The next `count` messages, acknowledged."""
        taken: list[Received] = []
        deadline = time.monotonic() + patience
        while len(taken) < count:
            assert time.monotonic() < deadline, f"{len(taken)} of {count} messages came"
            message = self._bound.get(no_ack=False)
            if message is None:
                time.sleep(0.02)
            else:
                message.ack()
                taken.append(_received(message))
        return taken


def _received(message: Any) -> Received:
    properties = message.properties
    return Received(
        routing_key=message.delivery_info["routing_key"],
        message_id=properties["message_id"],
        is_durable=properties["delivery_mode"] == 2,
        body=json.loads(message.body),
    )
