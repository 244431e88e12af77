"""A queue of ours at a real RabbitMQ, bound as another service would bind it."""

import json
import time
from collections.abc import Callable
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
        self._url = url
        self._connection = kombu.Connection(url)
        exchange = kombu.Exchange(EXCHANGE, "topic", durable=True)
        self._queue = kombu.Queue("", exchange, routing_key=binding, durable=True, exclusive=False, auto_delete=False)

    def __enter__(self) -> Self:
        self.connect()
        self._bound.declare()
        self._queue = self._bound  # a durable queue, under the name that RabbitMQ gave it
        return self

    def connect(self) -> None:
        """Connect, or connect again once RabbitMQ is back; the queue and what is in it are still there."""
        self._connection.close()
        self._connection = kombu.Connection(self._url)
        self._connection.connect()
        self._bound = self._queue(self._connection.channel())

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._bound.delete()
        self._connection.release()

    def until(self, found: Callable[[list[Received]], bool], patience: float = 60.0) -> list[Received]:
        """Everything that came until `found` says of it that it is enough."""
        taken: list[Received] = []
        deadline = time.monotonic() + patience
        while not found(taken):
            assert time.monotonic() < deadline, [each.routing_key for each in taken]
            taken += self._waiting()
        return taken

    def _waiting(self) -> list[Received]:
        message = self._bound.get(no_ack=False)
        if message is None:
            time.sleep(0.02)
            return []
        message.ack()
        return [_received(message)]

    def take(self, count: int) -> list[Received]:
        """The next `count` messages, acknowledged."""
        return self.until(lambda taken: len(taken) >= count)


def _received(message: Any) -> Received:
    properties = message.properties
    return Received(
        routing_key=message.delivery_info["routing_key"],
        message_id=properties["message_id"],
        is_durable=properties["delivery_mode"] == 2,
        body=json.loads(message.body),
    )
