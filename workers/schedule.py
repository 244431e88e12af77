"""Celery beat's scheduler: each tick is a job that is submitted through the store, under an id made of its due time.

So two beats that run at once start one job a tick, and a beat that waits for Redis loses none.
"""

import os
import time
from contextlib import suppress
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import structlog
from celery.beat import PersistentScheduler, ScheduleEntry
from celery.schedules import crontab, schedule

from optimizer import bootstrap
from optimizer.errors import StoreUnavailableError
from optimizer.jobs import Job
from optimizer.schedules import Schedule
from optimizer.store.jobs import Submission
from optimizer.store.vitals import HEARTBEAT_SECONDS
from workers import heart
from workers.parts import worker_settings

#: A beat that was away starts one job for the latest tick that it missed, if that is not older than this
_LOOK_BACK = timedelta(days=32)

log = structlog.get_logger(__name__)


class Aligned(schedule):
    """Every so many seconds, counted from 1970, so that every beat has the same ticks."""

    def __init__(self, seconds: int, **more: Any) -> None:
        super().__init__(timedelta(seconds=seconds), **more)

    def __reduce__(self) -> tuple[type["Aligned"], tuple[int]]:
        """As beat's state file keeps it."""
        return Aligned, (int(self.seconds),)

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        return self.tick_after(last_run_at) - self.now()

    def tick_after(self, moment: datetime) -> datetime:
        ticks = int(moment.timestamp() // self.seconds) + 1
        return datetime.fromtimestamp(ticks * self.seconds, moment.tzinfo)


def to_celery(entry: Schedule) -> "Aligned | crontab":
    if entry.every_seconds:
        return Aligned(entry.every_seconds)
    return crontab.from_string(entry.cron or "")


def latest_due(when: Aligned | crontab, last_run: datetime, now: datetime) -> datetime:
    """The last tick that is not after `now`: what every beat calls this tick, however late it is."""
    due = tick = max(last_run, now - _LOOK_BACK)
    while tick <= now:
        due, tick = tick, _tick_after(when, tick)
    return due


def _tick_after(when: Aligned | crontab, moment: datetime) -> datetime:
    if isinstance(when, Aligned):
        return when.tick_after(moment)
    start, delta, _ = when.remaining_delta(moment)
    tick: datetime = start + delta
    return tick


class StoreScheduler(PersistentScheduler):
    """Beat as Celery has it, but for where a due entry goes: into the store."""

    Entry = ScheduleEntry

    def setup_schedule(self) -> None:
        settings = worker_settings()
        self._parts = bootstrap.beat_parts(settings)
        self._host = settings.job_host
        self._name, self._heart_file = f"beat@{settings.host}", settings.heart_file
        self._facts = {"host": settings.host, "role": "beat", "pid": os.getpid()}
        self._entries = {entry.name: entry for entry in self._parts.schedules}
        self.app.conf.beat_schedule = {
            name: {"task": entry.kind, "schedule": to_celery(entry)} for name, entry in self._entries.items()
        }
        super().setup_schedule()

    def tick(self, *arguments: Any, **more: Any) -> float:
        """As Celery's, and besides say that beat is there, as often as a worker does."""
        try:
            self._parts.vitals.beat(self._name, self._facts)
            heart.touch(self._heart_file)
        except StoreUnavailableError:
            log.warning("heartbeat_not_written")
        return min(float(super().tick(*arguments, **more)), HEARTBEAT_SECONDS)

    def close(self) -> None:
        with suppress(StoreUnavailableError):
            self._parts.vitals.leave(self._name)
        super().close()

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **_: Any) -> Any:  # noqa: ARG002 - Celery's signature
        """Submit the job of a due entry; waits for Redis, since a tick that is not submitted is lost."""
        if advance:
            entry = self.reserve(entry)
        schedule_, now = self._entries[entry.name], self._parts.clock.now()
        due = latest_due(entry.schedule, entry.last_run_at, now)
        job = Job(
            optimization_id=schedule_.job_id(due),
            kind=schedule_.kind,
            host=schedule_.host or self._host,
            options=schedule_.options,
            created_at=now,
        )
        submission = self._submit(job)
        log.info(
            "tick", schedule=entry.name, due=due.isoformat(), outcome=submission, optimization_id=job.optimization_id
        )
        self._parts.vitals.ticked(entry.name, due, job.optimization_id)
        return SimpleNamespace(id=job.optimization_id)

    def _submit(self, job: Job) -> Submission:
        while True:
            try:
                return self._parts.store.submit(job)[0]
            except StoreUnavailableError:
                log.warning("tick_waits_for_redis", optimization_id=job.optimization_id)
                time.sleep(1)
