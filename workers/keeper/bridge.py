"""Hands what waits in a Redis stream to RabbitMQ: published, confirmed, and only then removed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from optimizer.errors import StoreSpoiltError, StoreUnavailableError
from optimizer.ports import Clock
from optimizer.store import keys
from optimizer.store.outbox import Entry, Stream
from workers.keeper.messages import UnreadableEntryError
from workers.keeper.publisher import Message, Publisher, RabbitUnavailableError

#: Entries published before their confirms are awaited
_BATCH = 500
_BLOCK_MS = 200
_RECLAIM_SECONDS = 5.0
_RETRY_SECONDS = 2.0

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Bridge:
    stream: Stream
    to_message: Callable[[Entry], Message]
    amqp_url: str
    clock: Clock
    stop: threading.Event
    reason: str | None = field(default="not connected yet", init=False)  #: why RabbitMQ is not reached; None: it is
    _reclaim_at: float = field(default=0.0, init=False)

    def run(self) -> None:
        """Until stopped. While RabbitMQ or Redis is away everything waits in the stream, and nothing is lost."""
        while not self.stop.is_set():
            try:
                with Publisher(self.amqp_url) as publisher:
                    self._serve(publisher)
            except RabbitUnavailableError as error:
                if self.reason != str(error):
                    log.warning("rabbitmq_unavailable", reason=str(error), stream=self.stream.name)
                self.reason = str(error)
            except StoreUnavailableError:
                log.warning("outbox_unreachable", stream=self.stream.name)
            except StoreSpoiltError as error:
                if self.reason != error.message:
                    log.warning("outbox_spoilt", reason=error.message, stream=self.stream.name)
                self.reason = error.message
            self.stop.wait(_RETRY_SECONDS)

    def _serve(self, publisher: Publisher) -> None:
        self.stream.prepare()
        self._hand_on(publisher, self.stream.unfinished)
        self.reason = None
        log.info("rabbitmq_connected", stream=self.stream.name)
        while not self.stop.is_set():
            if self.clock.monotonic() >= self._reclaim_at:
                self._hand_on(publisher, self.stream.reclaim)
                self._reclaim_at = self.clock.monotonic() + _RECLAIM_SECONDS
            entries = self.stream.read(_BATCH, _BLOCK_MS)
            if entries:
                self._publish(publisher, entries)
            else:
                publisher.idle()

    def _hand_on(self, publisher: Publisher, waiting: Callable[[int], list[Entry]]) -> None:
        while not self.stop.is_set() and (entries := waiting(_BATCH)):
            self._publish(publisher, entries)

    def _publish(self, publisher: Publisher, entries: list[Entry]) -> None:
        messages = {entry.id: message for entry in entries if (message := self._readable(entry))}
        if messages:
            publisher.publish([*messages.values()])
            self.stream.done([*messages])

    def _readable(self, entry: Entry) -> Message | None:
        """Its message. What somebody has written there that is none goes out of the way of the others."""
        try:
            return self.to_message(entry)
        except UnreadableEntryError as error:
            self.stream.set_aside(entry)
            log.warning("event_set_aside", stream=self.stream.name, reason=str(error), kept_in=keys.SET_ASIDE)
            return None
