"""What another service hears: a durable queue at the exchange, bound before anything happens."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import kombu

from benchmarks.chaos.evidence import Heard
from workers.keeper.publisher import EXCHANGE

_WAIT_SECONDS = 0.5
_PREFETCH = 200


class Inbox:
    """A context, with a thread that listens, and connects again whenever RabbitMQ was away."""

    def __init__(self, url: str) -> None:
        self._url = url
        exchange = kombu.Exchange(EXCHANGE, "topic", durable=True)
        self._queue = kombu.Queue("chaos", exchange, routing_key="optimization.#", durable=True)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self.heard: list[Heard] = []  #: the product's own events, as often as they came
        self.celery_events = 0

    def __enter__(self) -> Self:
        with kombu.Connection(self._url) as connection:
            self._queue(connection.channel()).declare()
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            connection = kombu.Connection(self._url, connect_timeout=2)
            with connection, suppress(*connection.connection_errors, *connection.channel_errors):
                self._listen(connection)
            self._stop.wait(_WAIT_SECONDS)

    def _listen(self, connection: kombu.Connection) -> None:
        consumer = kombu.Consumer(
            connection.channel(), [self._queue], callbacks=[self._take], accept=["json"], prefetch_count=_PREFETCH
        )
        with consumer:
            while not self._stop.is_set():
                with suppress(socket.timeout):
                    connection.drain_events(timeout=_WAIT_SECONDS)

    def _take(self, body: dict[str, Any], message: Any) -> None:
        if body["event_type"].startswith("celery."):
            self.celery_events += 1
        else:
            self.heard.append(Heard.of(body))
        message.ack()
