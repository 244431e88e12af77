"""Brings jobs and their messages into line again: after a worker's death, a lost message, a missed moment.

A pass costs what there is to do, not what there is: it reads the indexes up to the present moment, and of each queue
the one message that is popped next. Any number of processes may do so at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import redis
import structlog

from optimizer.errors import PoisonJobError, StoreSpoiltError, StoreUnavailableError
from optimizer.jobs import Job
from optimizer.ports import Clock
from optimizer.store import endings, keys
from optimizer.store.attempts import LEASE_SECONDS, MOST_ATTEMPTS
from optimizer.store.connection import Scripts, reaching_redis, wire
from optimizer.store.records import from_fields
from optimizer.store.seldom import Seldom

#: How long a lease that is over is still respected, and a message that was popped may go unnoted
GRACE_SECONDS = 5.0
#: Jobs of one kind of trouble that one pass sees to; the next one goes on
_MOST = 500

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Reconciler:
    redis: redis.Redis
    scripts: Scripts
    lifetimes: endings.Lifetimes
    clock: Clock
    grace_seconds: float = GRACE_SECONDS
    #: How long a worker may be silent. Nothing is taken from one so soon after Redis was away: it could not speak
    lease_seconds: float = LEASE_SECONDS
    _steady_since: float | None = field(default=None, init=False)
    _seldom: Seldom = field(default_factory=Seldom, init=False)

    def reconcile(self) -> None:
        """One pass. What somebody has spoilt is left out, and that said now and then. Raises StoreUnavailableError."""
        now = self.clock.monotonic()
        if self._steady_since is None:
            self._steady_since = now
        try:
            self._promote_due()
            self._restore_messages()
            if now - self._steady_since >= self.lease_seconds:
                self._expire_leases()
        except StoreUnavailableError:
            self._steady_since = None
            raise

    @contextmanager
    def _sparing_others(self, what: str) -> Iterator[None]:
        try:
            yield
        except StoreSpoiltError as error:
            if self._seldom.is_time(what, self.clock.monotonic()):
                log.warning("not_reconciled", of=what, reason=error.message)

    def _promote_due(self) -> None:
        with self._sparing_others(keys.DELAYED):
            if promoted := self.scripts.call("promote", _MOST):
                log.info("jobs_due", count=promoted)

    def _restore_messages(self) -> None:
        for queue in self._queues_with_jobs():
            with self._sparing_others(queue):
                self._restore_messages_of(queue)

    def _restore_messages_of(self, queue: str) -> None:
        limits = (self._grace_ms, round(self.lease_seconds * 1000), _MOST)
        if restored := self.scripts.call("restore", wire(queue), *limits):
            log.info("messages_restored", queue=queue, count=restored)

    def _queues_with_jobs(self) -> list[str]:
        queues: set[str] = set()
        with self._sparing_others(keys.QUEUES), reaching_redis():
            queues = cast("set[str]", self.redis.smembers(keys.QUEUES))
        with reaching_redis():
            pipe = self.redis.pipeline(transaction=False)
            for queue in queues:
                pipe.exists(wire(keys.queued(queue)))
            there = pipe.execute() if queues else []
        return [queue for queue, exists in zip(queues, there, strict=True) if exists]

    def _expire_leases(self) -> None:
        due: list[str] = []
        with self._sparing_others(keys.RUNNING), reaching_redis():
            now_ms = int(self.redis.time()[0]) * 1000
            found = self.redis.zrangebyscore(keys.RUNNING, "-inf", now_ms - self._grace_ms, start=0, num=_MOST)
            due = cast("list[str]", found)
        for optimization_id in due:
            with self._sparing_others(optimization_id):
                self._expire_lease(optimization_id)

    def _expire_lease(self, optimization_id: str) -> None:
        job, worker = self._running(optimization_id)
        if job is None:  # somebody has deleted or spoilt the record: there is nothing that could be ended
            with reaching_redis():
                self.redis.zrem(keys.RUNNING, wire(optimization_id))
            return
        poison = endings.failed(job, PoisonJobError(), 0, self.clock.now(), self.lifetimes)
        outcome = self.scripts.call("expire", wire(optimization_id), self._grace_ms, MOST_ATTEMPTS, poison)
        log.warning("lease_over", optimization_id=optimization_id, worker=worker, outcome=outcome)

    def _running(self, optimization_id: str) -> tuple[Job | None, str | None]:
        """The job, and who has it; no job where its record cannot be read."""
        try:
            with reaching_redis():
                fields = cast("dict[str, str]", self.redis.hgetall(wire(keys.job(optimization_id))))
            return (from_fields(fields).job if fields else None), fields.get("owner")
        except StoreSpoiltError as error:
            log.warning("record_spoilt", optimization_id=optimization_id, reason=error.message)
            return None, None

    @property
    def _grace_ms(self) -> int:
        return round(self.grace_seconds * 1000)
