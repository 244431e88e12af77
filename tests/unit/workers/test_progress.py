"""The progress of a running job, as its worker writes it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from optimizer.errors import CancelledError, StoreUnavailableError
from optimizer.jobs import Job
from optimizer.store.attempts import Attempt
from optimizer.values import JsonObject
from tests.fakes.clock import NOON, FakeClock
from workers.progress import INTERVAL_SECONDS, RecordProgress

JOB = Job(optimization_id="7", kind="analyze_cpu", host="here", created_at=NOON)
ATTEMPT = Attempt(job=JOB, number=1, fence=1, nonce="n", signature="")


@dataclass
class Store:
    """Stands for the store's one method that progress calls."""

    cancelled: bool = False
    is_down: bool = False
    written: list[JsonObject] = field(default_factory=list)

    def progress(self, _attempt: Attempt, counts: JsonObject) -> bool:
        if self.is_down:
            raise StoreUnavailableError
        self.written.append(counts)
        return self.cancelled


def progress(store: Any, clock: FakeClock) -> RecordProgress:
    return RecordProgress(attempt=ATTEMPT, store=store, clock=clock)


def test_reports_between_two_writes_cost_nothing() -> None:
    """A handler may report every file; Redis hears a few times a second."""
    store, clock = Store(), FakeClock()
    told = progress(store, clock)
    for files in range(1000):
        told.report(files=files)
    clock.move(INTERVAL_SECONDS)
    told.report(files=1000)
    assert store.written == [{"files": 0}, {"files": 1000}]


def test_a_cancelled_job_hears_of_it_where_it_reports() -> None:
    """The handler is left by an exception, and need not ask."""
    with pytest.raises(CancelledError):
        progress(Store(cancelled=True), FakeClock()).report(files=1)


def test_a_job_goes_on_while_redis_is_away() -> None:
    """Progress is news, not work."""
    progress(Store(is_down=True), FakeClock()).report(files=1)
