"""Publishes to RabbitMQ, and knows of each message whether RabbitMQ has it."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import amqp
import kombu
import structlog

EXCHANGE = "optimization_events"
#: Seconds to connect, and for RabbitMQ to confirm a batch
_CONNECT_SECONDS, _CONFIRM_SECONDS = 3.0, 10.0

log = structlog.get_logger(__name__)


class RabbitUnavailableError(Exception):
    """RabbitMQ is away, or does not confirm; the text says what happened."""


@dataclass(frozen=True, slots=True)
class Message:
    routing_key: str
    message_id: str  #: the same however often it is published, so that a consumer can drop a repetition
    body: Mapping[str, Any]


@dataclass(slots=True)
class Publisher:
    """A connection with publisher confirms, awaited for a batch at a time.

    Waiting for each message would be limited by the round trip: hundreds a second instead of thousands.
    """

    url: str
    _connection: Any = field(default=None, init=False)
    _channel: Any = field(default=None, init=False)
    _published: int = field(default=0, init=False)  #: also the last delivery tag; RabbitMQ counts from 1
    _unconfirmed: set[int] = field(default_factory=set, init=False)
    _refused: int = field(default=0, init=False)
    _returned: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        self._connection = kombu.Connection(self.url, connect_timeout=_CONNECT_SECONDS)
        with self._unavailable():
            self._connection.connect()
            self._channel = self._connection.channel()
            self._channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
            self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._on_ack)
            self._channel.events["basic_nack"].add(self._on_nack)
            self._channel.events["basic_return"].add(self._on_return)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._connection.release()

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish all, and return once RabbitMQ has each. Raises RabbitUnavailableError; then any may be there."""
        self._refused = self._returned = 0
        with self._unavailable():
            for message in messages:
                self._send(message)
            deadline = time.monotonic() + _CONFIRM_SECONDS
            while self._unconfirmed:
                self._connection.drain_events(timeout=max(0.01, deadline - time.monotonic()))
        if self._refused:
            raise RabbitUnavailableError(f"RabbitMQ refused {self._refused} messages")
        if self._returned:
            log.info("events_without_consumer", count=self._returned)  # no queue is bound for them

    def idle(self) -> None:
        """Let the connection show that it is still there. Raises RabbitUnavailableError."""
        with self._unavailable():
            try:
                self._connection.drain_events(timeout=0.001)
            except TimeoutError:
                return

    def _send(self, message: Message) -> None:
        self._published += 1
        self._unconfirmed.add(self._published)
        wire = amqp.Message(
            json.dumps(message.body),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=message.message_id,
        )
        self._channel.basic_publish(wire, EXCHANGE, message.routing_key, mandatory=True)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._unconfirmed -= {sent for sent in self._unconfirmed if sent <= tag} if multiple else {tag}

    def _on_nack(self, tag: int, multiple: bool) -> None:
        before = len(self._unconfirmed)
        self._on_ack(tag, multiple)
        self._refused += before - len(self._unconfirmed)

    def _on_return(self, *_: Any) -> None:
        self._returned += 1

    @contextmanager
    def _unavailable(self) -> Iterator[None]:
        try:
            yield
        except (*self._connection.connection_errors, *self._connection.channel_errors) as error:
            raise RabbitUnavailableError(f"{type(error).__name__}: {error}") from error
