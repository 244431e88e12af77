"""A Redis that has no memory left, and evicts nothing."""

import time
from collections.abc import Iterator

import pytest
from celery import Celery

from optimizer.errors import StoreFullError
from optimizer.jobs import Job, Status
from optimizer.kinds import Scope
from optimizer.runner import Report
from optimizer.store.attempts import Attempt, Lease
from optimizer.store.intake import Intake
from optimizer.store.jobs import Submission
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store
from workers.app import broker_url

OWNER = "cpu@here/1"


def leave(store: Store, share: float) -> None:
    """Let Redis use as much memory as makes what it uses now that share of it."""
    store.redis.config_set("maxmemory", round(int(store.redis.info("memory")["used_memory"]) / share))


@pytest.fixture(autouse=True)
def _unlimited(store: Store) -> Iterator[None]:
    yield
    store.redis.config_set("maxmemory", 0)


@pytest.fixture
def running(store: Store) -> Attempt:
    attempt = store.attempts.claim(submitted(store), OWNER, 7)
    assert isinstance(attempt, Attempt)
    return attempt


def submitted(store: Store) -> Job:
    job = new_job()
    store.jobs.submit(job)
    return job


@pytest.mark.parametrize("share", [0.95, 2])
def test_no_new_job_is_taken_when_memory_is_nearly_or_quite_used_up(store: Store, share: float) -> None:
    """Nothing of it is there; what was taken before is found as ever."""
    earlier, later = submitted(store), new_job()
    before = store.redis.dbsize()
    leave(store, share)
    with pytest.raises(StoreFullError):
        store.jobs.submit(later, join="same")
    assert store.jobs.submit(earlier) == (Submission.SAME, earlier.optimization_id)
    assert store.redis.dbsize() == before


def test_a_running_job_ends_although_no_memory_is_left(store: Store, running: Attempt) -> None:
    """Its lease is renewed, it hears that it goes on, and its result is written."""
    leave(store, 2)
    assert store.attempts.renew(running.job.optimization_id, OWNER, 7) is Lease.RENEWED
    assert store.attempts.progress(running, {"files": 1}) is False
    store.attempts.complete(running, Report(result={"text": "x" * 100_000}), 1)
    assert store.jobs.get(running.job.optimization_id).status is Status.COMPLETED
    assert store.event_types()[-1] == "job.completed"


def test_a_queued_job_runs_although_no_memory_is_left(store: Store) -> None:
    """Even if its message has to be brought back."""
    waiting = submitted(store)
    time.sleep(0.002)
    leave(store, 2)
    store.redis.delete("cpu.here")
    store.reconciler.reconcile()
    assert store.redis.llen("cpu.here") == 1
    assert isinstance(store.attempts.claim(waiting, OWNER, 8), Attempt)


def test_a_job_is_cancelled_although_no_memory_is_left(store: Store) -> None:
    """It is one thing that a person can do about it."""
    waiting = submitted(store)
    leave(store, 2)
    store.jobs.cancel(store.jobs.get(waiting.optimization_id))
    assert store.jobs.get(waiting.optimization_id).status is Status.CANCELLED


def test_a_task_of_another_service_waits_where_it_is(store: Store, redis_url: str) -> None:
    """It is taken in when there is room again."""
    intake = Intake(
        redis=store.redis,
        scripts=store.attempts.scripts,
        lifetimes=store.attempts.lifetimes,
        clock=store.clock,
        default_host="here",
        allowed=(Scope.PLAN,),
    )
    with Celery(broker=broker_url(redis_url)) as stock:
        stock.send_task("optimizer.analyze_cpu", queue="cpu")
    leave(store, 0.95)
    with pytest.raises(StoreFullError):
        intake.take_in(10)
    assert store.redis.llen("cpu") == 1
    leave(store, 0.5)
    assert (intake.take_in(10), store.redis.llen("cpu.here")) == (1, 1)
