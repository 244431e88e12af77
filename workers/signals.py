"""What happens at the turning points of a worker's life: logs, heartbeats and leases."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from celery import signals
from celery.worker import state

from optimizer import bootstrap, logs
from optimizer.cli.stack.with_parent import PR_SET_PDEATHSIG, prctl
from optimizer.errors import StoreUnavailableError
from optimizer.kinds import Resource
from optimizer.settings import Settings
from optimizer.store import celery_metrics
from optimizer.store.attempts import Lease
from optimizer.store.vitals import HEARTBEAT_SECONDS
from optimizer.values import JsonObject
from workers import heart
from workers.background import give_way
from workers.parts import owner_name, worker_parts
from workers.upkeep import Upkeep
from workers.watchdog import Watchdog

#: A worker may take nothing for so many leases: after an outage of Redis, Celery tries to connect each half minute
_LEASES_UNTIL_STUCK = 4
#: Seconds for a worker that takes nothing to end by itself
_SECONDS_TO_STOP = 10

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Heart:
    """Beats in the worker's parent process: says that the worker is there, and renews the leases of what it runs.

    A job whose lease is lost although it was held before has been given to another process. This one may still be at
    it: it was stopped for long, and does not know. It is killed, as any worker may be at any moment.
    """

    name: str
    facts: Callable[[], JsonObject]  #: asked for each beat: an engine may come and go
    heart_file: Path | None
    seconds: float  #: between two beats
    watchdog: Watchdog
    _held: set[tuple[str, int]] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._beat_until_stopped, name="heart", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _beat_until_stopped(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._beat()
                except StoreUnavailableError:
                    log.warning("heartbeat_not_written")
                    self.watchdog.forget()
                self._stop.wait(self.seconds)
        except Exception:  # whatever it was: without a heart, each job of this worker would be begun elsewhere, too
            log.exception("heart_broke")
            os._exit(1)

    def _beat(self) -> None:
        running = {(request.id, request.worker_pid) for request in tuple(state.active_requests) if request.worker_pid}
        self._held &= running
        for optimization_id, process in running:
            self._renew(optimization_id, process)
        worker_parts().vitals.beat(self.name, {"pid": os.getpid(), **self.facts()})
        heart.touch(self.heart_file)
        self._watch(is_running=bool(running))

    def _watch(self, *, is_running: bool) -> None:
        """End a worker that takes nothing: a new one will. Celery itself does so after some outages of Redis."""
        parts, taken = worker_parts(), sum(state.total_count.values())
        waiting = parts.vitals.messages(celery_metrics.queue_of(self.name))
        if self.watchdog.is_stuck(parts.clock.monotonic(), taken=taken, is_running=is_running, waiting=waiting):
            log.error("worker_takes_nothing", waiting=waiting)
            state.should_stop = 1  # type: ignore[assignment]  # in good order, with this exit code
            time.sleep(_SECONDS_TO_STOP)
            os._exit(1)

    def _renew(self, optimization_id: str, process: int) -> None:
        lease = worker_parts().attempts.renew(optimization_id, owner_name(self.name, os.getpid()), process)
        if lease is Lease.RENEWED:
            self._held.add((optimization_id, process))
        elif lease is Lease.LOST and (optimization_id, process) in self._held:
            log.warning("lost_lease", optimization_id=optimization_id, process=process)
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(process, signal.SIGKILL)


def _upkeep(settings: Settings) -> Upkeep:
    parts = worker_parts()
    roots = frozenset(map(os.fsencode, settings.roots))
    return Upkeep(settings.host, settings.quarantine_days, parts.store, parts.journal, roots, parts.clock)


def connect(settings: Settings) -> None:
    """Bind the handlers for this process; Celery keeps only weak references, hence `weak=False`."""
    hearts: dict[str, Heart] = {}
    parent = os.getpid()
    seconds = min(HEARTBEAT_SECONDS, settings.lease_seconds / 3)

    def set_up_logging(**_: Any) -> None:
        logs.configure(settings.log_level)

    def initialized(sender: str, **_: Any) -> None:
        if sender.partition("@")[0] in settings.background:
            give_way()  # now, because processes that are started later inherit it

    def process_started(**_: Any) -> None:
        """A process whose parent dies has nobody who renews its lease: its job is for another one to do."""
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    def ready(sender: Any, **_: Any) -> None:
        resource = sender.hostname.partition("@")[0]
        facts = partial(bootstrap.worker_facts, settings, resource)
        watchdog = Watchdog(_LEASES_UNTIL_STUCK * settings.lease_seconds)
        beating = hearts[sender.hostname] = Heart(sender.hostname, facts, settings.heart_file, seconds, watchdog)
        log.info("worker_ready", **facts())
        beating.start()
        if resource == Resource.STORAGE:
            _upkeep(settings).start()

    def stopped(sender: Any, **_: Any) -> None:
        if beating := hearts.pop(sender.hostname, None):
            beating.stop()
            worker_parts().vitals.leave(beating.name)

    signals.setup_logging.connect(set_up_logging, weak=False)
    signals.celeryd_init.connect(initialized, weak=False)
    signals.worker_process_init.connect(process_started, weak=False)
    signals.worker_ready.connect(ready, weak=False)
    signals.worker_shutdown.connect(stopped, weak=False)
