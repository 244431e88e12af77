"""Takes in what other services enqueue: each message becomes a job with a record, or a record that says why not."""

import json
from dataclasses import dataclass, field

import redis
import structlog

from optimizer.errors import HroError, StoreFullError, StoreSpoiltError
from optimizer.jobs import Job
from optimizer.kinds import Scope
from optimizer.ports import Clock
from optimizer.store import endings, keys
from optimizer.store.connection import Scripts, reaching_redis, wire
from optimizer.store.foreign import PUBLIC_LISTS, ForeignTask, UnreadableMessageError, read_message, refusal, to_job
from optimizer.store.records import entry
from optimizer.store.seldom import Seldom

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    redis: redis.Redis
    scripts: Scripts
    lifetimes: endings.Lifetimes
    clock: Clock
    default_host: str
    allowed: tuple[Scope, ...]  #: what an unsigned job may do
    _seldom: Seldom = field(default_factory=Seldom, init=False)

    def take_in(self, limit: int) -> int:
        """Take in up to `limit` messages of each public list, oldest first; how many there were.

        Any number of processes may do so at once. A key that is no list is left as it is, which is said once in a
        while. Raises StoreUnavailableError.
        """
        with reaching_redis():
            pipe = self.redis.pipeline(transaction=False)
            for public in PUBLIC_LISTS:
                pipe.exists(public)
            there = pipe.execute()
        return sum(
            self._take_in_safely(public, limit) for public, exists in zip(PUBLIC_LISTS, there, strict=True) if exists
        )

    def _take_in_safely(self, public: str, limit: int) -> int:
        """The same of one list, whatever somebody has made of it: the others do not wait for it."""
        try:
            return self._take_in_from(public, limit)
        except StoreSpoiltError as error:
            if self._seldom.is_time(public, self.clock.monotonic()):
                log.warning("queue_spoilt", queue=public, reason=error.message)
            return 0

    def adopt(self, foreign: ForeignTask) -> None:
        """Take in a task that reached a worker without a record."""
        self._record(foreign, public="", text="")

    def drop(self, queue: str, text: str, error: UnreadableMessageError) -> None:
        """Set a message aside that a worker has taken off its queue. Raises StoreUnavailableError, StoreSpoiltError."""
        self.scripts.call("set_aside", "", wire(text), keys.MOST_SET_ASIDE)
        self._say_set_aside(queue, error)

    def _take_in_from(self, public: str, limit: int) -> int:
        for taken in range(limit):
            with reaching_redis():
                text = self.redis.lindex(public, -1)
            if text is None:
                return taken
            try:
                self._record(read_message(str(text)), public, str(text))
            except UnreadableMessageError as error:
                self._set_aside(public, str(text), error)
        return limit

    def _record(self, foreign: ForeignTask, public: str, text: str) -> None:
        job = to_job(foreign, self.default_host, self.clock)
        error = refusal(foreign, job, self.allowed)
        outcome = self.scripts.call(
            "take_in", json.dumps(entry(job, signature="")), public, text, self._refused(job, error) if error else ""
        )
        if outcome == "full":
            raise StoreFullError
        log.info("foreign_task", outcome=outcome, optimization_id=job.optimization_id, kind=job.kind)

    def _refused(self, job: Job, error: HroError) -> str:
        return endings.failed(job, error, 0, self.clock.now(), self.lifetimes)

    def _set_aside(self, public: str, text: str, error: UnreadableMessageError) -> None:
        if self.scripts.call("set_aside", public, wire(text), keys.MOST_SET_ASIDE):
            self._say_set_aside(public, error)

    def _say_set_aside(self, queue: str, error: UnreadableMessageError) -> None:
        log.warning("message_set_aside", queue=queue, reason=error.message, kept_in=keys.SET_ASIDE)
