"""Hears Celery's own events, counts them, and puts them where the bridge finds them.

Best effort, by Celery's nature: what is published while nobody listens is gone. One keeper listens at a time, so that
nothing is counted twice.
"""

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import redis
import structlog
from celery import Celery

from optimizer.errors import StoreSpoiltError, StoreUnavailableError
from optimizer.ports import Clock
from optimizer.store import celery_metrics, keys
from optimizer.store.connection import Scripts, reaching_redis
from workers.keeper import messages

_LEASE = keys.lease("celery-events")
_LEASE_SECONDS = 10.0
_RENEW_SECONDS = 3.0
#: Events that wait for RabbitMQ at most; older ones are dropped, as Celery itself would
_MOST_WAITING = 100_000
#: Tasks whose name is remembered: only task-received tells it
_MOST_NAMES = 10_000

log = structlog.get_logger(__name__)


class LeaseLostError(Exception):
    """Another keeper listens now."""


@dataclass(slots=True, kw_only=True)
class Listener:
    app: Celery
    redis: redis.Redis
    scripts: Scripts
    name: str
    clock: Clock
    stop: threading.Event
    _renew_at: float = field(default=0.0, init=False)
    _names: OrderedDict[str, str] = field(default_factory=OrderedDict, init=False)

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self._hold()
                self._listen()
            except LeaseLostError:
                pass
            except (StoreUnavailableError, StoreSpoiltError, redis.RedisError, OSError) as error:
                log.warning("celery_events_unheard", reason=str(error))
            except Exception:  # whatever somebody has published there: what is heard is best effort, the keeper is not
                log.exception("celery_events_broke")
            self.stop.wait(_RENEW_SECONDS)

    def _listen(self) -> None:
        with self.app.connection_for_read() as connection:
            receiver = self.app.events.Receiver(connection, handlers={"*": self._heard})
            # The receiver consumes on a connection that it makes from ours
            with receiver.consumer_context(wakeup=False) as (consuming, _, _):
                while not self.stop.is_set():
                    self._hold()
                    try:
                        consuming.drain_events(timeout=1.0)
                    except TimeoutError:
                        continue

    def _hold(self) -> None:
        """Take or renew the lease. Raises LeaseLostError where another keeper has it."""
        if self.clock.monotonic() < self._renew_at:
            return
        if not self.scripts.call("hold", _LEASE, self.name, round(_LEASE_SECONDS * 1000)):
            raise LeaseLostError
        self._renew_at = self.clock.monotonic() + _RENEW_SECONDS

    def _heard(self, event: dict[str, Any]) -> None:
        try:
            if event["type"] == "worker-heartbeat":
                return
            moment = datetime.fromtimestamp(event["timestamp"], UTC).isoformat()
            body = json.dumps(messages.celery_body(event, moment), default=str)
            grown = self._grown_by(event)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError) as error:
            log.warning("celery_event_unreadable", reason=f"{type(error).__name__}: {error}")
            return
        with reaching_redis():
            pipe = self.redis.pipeline(transaction=False)
            pipe.xadd(keys.CELERY_EVENTS, {"body": body}, maxlen=_MOST_WAITING, approximate=True)
            for name, amount in grown:
                pipe.hincrbyfloat(keys.CELERY_METRICS, name, amount)
            pipe.execute()

    def _grown_by(self, event: dict[str, Any]) -> list[tuple[str, float]]:
        word = event["type"].removeprefix("task-")
        if not event["type"].startswith("task-") or word not in celery_metrics.COUNTED:
            return []
        if "name" in event:
            self._names[event["uuid"]] = event["name"]
            if len(self._names) > _MOST_NAMES:
                self._names.popitem(last=False)
        name = self._names.get(event["uuid"], "unknown")
        return celery_metrics.grown_by(word, name, event["hostname"], event.get("runtime"))
