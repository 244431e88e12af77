"""The keeper's process: `hro keeper`, which is `python -m workers.keeper`."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import structlog

from optimizer import bootstrap, logs
from optimizer.bootstrap import KeeperParts
from optimizer.errors import StoreSpoiltError, StoreUnavailableError
from optimizer.settings import Settings
from optimizer.store.vitals import HEARTBEAT_SECONDS
from workers import heart
from workers.app import app
from workers.keeper.bridge import Bridge
from workers.keeper.listener import Listener
from workers.keeper.messages import celery_message, domain_message
from workers.parts import worker_settings

#: Foreign messages taken in from each public list in one round, and seconds between two rounds that found none
_INTAKE_LIMIT, _INTAKE_SECONDS = 500, 0.25
#: Seconds between two passes of the reconciler
_RECONCILE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Keeper:
    """A thread for each duty. When one breaks, the process ends, for whoever started it to start it again."""

    def __init__(self, settings: Settings, parts: KeeperParts, stop: threading.Event) -> None:
        self._parts = parts
        self._stop = stop
        self._name = f"keeper@{settings.host}"
        self._host = settings.host
        self._heart_file = settings.heart_file
        self._bridges = self._make_bridges(settings)
        self._listener = Listener(
            app=app,
            redis=parts.redis,
            scripts=parts.scripts,
            name=f"{self._name}/{os.getpid()}",
            clock=parts.clock,
            stop=stop,
        )

    def _make_bridges(self, settings: Settings) -> list[Bridge]:
        if settings.amqp_url is None:
            return []
        streams = ((self._parts.outbox, domain_message), (self._parts.celery_events, celery_message))
        return [
            Bridge(
                stream=stream,
                to_message=to_message,
                amqp_url=settings.amqp_url.get_secret_value(),
                clock=self._parts.clock,
                stop=self._stop,
            )
            for stream, to_message in streams
        ]

    def run(self) -> int:
        """Until stopped; 1 where a duty broke."""
        duties: dict[str, Callable[[], None]] = {
            "intake": self._take_in,
            "reconciler": self._reconcile,
            "heart": self._beat,
            "listener": self._listener.run,
            **{f"bridge-{bridge.stream.name}": bridge.run for bridge in self._bridges},
        }
        threads = [threading.Thread(target=duty, name=name, daemon=True) for name, duty in duties.items()]
        for thread in threads:
            thread.start()
        log.info("keeper_ready", duties=list(duties))
        while not self._stop.wait(0.5):
            broken = [thread.name for thread in threads if not thread.is_alive()]
            if broken:
                log.error("keeper_broke", duties=broken)
                return 1
        for thread in threads:
            thread.join(timeout=5)
        return 0

    def _take_in(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self._parts.intake.take_in(_INTAKE_LIMIT)
            except StoreUnavailableError:
                busy = 0
            if not busy:
                self._stop.wait(_INTAKE_SECONDS)

    def _reconcile(self) -> None:
        while not self._stop.is_set():
            try:
                self._parts.reconciler.reconcile()
            except StoreUnavailableError:
                log.warning("jobs_not_reconciled")
            self._stop.wait(_RECONCILE_SECONDS)

    def _beat(self) -> None:
        while not self._stop.is_set():
            try:
                self._parts.vitals.beat(self._name, self._facts())
                heart.touch(self._heart_file)
            except (StoreUnavailableError, StoreSpoiltError) as error:
                log.warning("heartbeat_not_written", reason=error.message)
            self._stop.wait(HEARTBEAT_SECONDS)
        self._parts.vitals.leave(self._name)

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"host": self._host, "role": "keeper", "pid": os.getpid()}
        if self._bridges:
            reasons = [bridge.reason for bridge in self._bridges if bridge.reason]
            facts["rabbitmq"] = {"state": "unhealthy" if reasons else "healthy", "reason": next(iter(reasons), None)}
        return facts


def main() -> int:
    settings = worker_settings()
    logs.configure(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return Keeper(settings, bootstrap.keeper_parts(settings), stop).run()


if __name__ == "__main__":
    sys.exit(main())
