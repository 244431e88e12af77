"""Jobs that are due later, on a real Redis."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery

from optimizer.errors import DelayTooLongError
from optimizer.host.clock import SystemClock
from optimizer.jobs import MOST_DELAY, Job, Status
from optimizer.kinds import Scope
from optimizer.store.attempts import Refusal
from optimizer.store.intake import Intake
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store
from workers.app import broker_url


def due_in(store: Store, seconds: float) -> datetime:
    """A moment on the clock of Redis, which decides."""
    now = datetime.fromtimestamp(int(store.redis.time()[0]), UTC)
    return now + timedelta(seconds=seconds)


@pytest.fixture
def later(store: Store) -> Job:
    job = new_job(due_at=due_in(store, 3600))
    store.jobs.submit(job)
    return job


def intake_of(store: Store) -> Intake:
    return Intake(
        redis=store.redis,
        scripts=store.attempts.scripts,
        lifetimes=store.attempts.lifetimes,
        clock=SystemClock(),
        default_host="here",
        allowed=(Scope.PLAN,),
    )


def becomes_due(store: Store, job: Job) -> None:
    store.redis.zadd("hro:delayed", {job.optimization_id: 1})


def test_a_job_that_is_due_later_waits_without_a_message(store: Store, later: Job) -> None:
    """It is queued, says when it is due, and is not missed by the reconciler."""
    store.reconciler.reconcile()
    record = store.jobs.get(later.optimization_id)
    assert (record.status, record.job.due_at) == (Status.QUEUED, later.due_at)
    assert (store.redis.llen("cpu.here"), store.vitals.delayed(), store.event_types()) == (0, 1, ["job.queued"])


def test_it_gets_its_message_when_it_is_due(store: Store, later: Job) -> None:
    """Once; from then on it is a job like any other."""
    becomes_due(store, later)
    store.reconciler.reconcile()
    store.reconciler.reconcile()
    assert (store.redis.llen("cpu.here"), store.vitals.delayed()) == (1, 0)
    assert [queue.waiting for queue in store.vitals.queues()] == [1]


def test_a_job_that_was_due_in_the_past_does_not_wait(store: Store) -> None:
    """Its moment has come."""
    store.jobs.submit(new_job(due_at=due_in(store, -1)))
    assert store.redis.llen("cpu.here") == 1


def test_a_job_can_be_cancelled_before_it_is_due(store: Store, later: Job) -> None:
    """It ends at once, and never gets a message."""
    store.jobs.cancel(store.jobs.get(later.optimization_id))
    assert (store.jobs.get(later.optimization_id).status, store.vitals.delayed()) == (Status.CANCELLED, 0)
    becomes_due(store, later)
    store.reconciler.reconcile()
    assert (store.redis.llen("cpu.here"), store.vitals.delayed()) == (0, 0)
    assert store.attempts.claim(later, "cpu@here/1", 7) is Refusal.FINAL


def test_a_countdown_of_another_service_is_kept_in_the_store(store: Store, redis_url: str) -> None:
    """Not in a worker's memory, where a stock task waits for its time."""
    with Celery(broker=broker_url(redis_url)) as stock:
        sent = stock.send_task("optimizer.analyze_cpu", queue="cpu", countdown=3600)
    assert intake_of(store).take_in(10) == 1
    due_at = store.jobs.get(sent.id).job.due_at
    assert due_at is not None
    assert timedelta(seconds=3590) < due_at - due_in(store, 0) < timedelta(seconds=3610)
    assert (store.redis.llen("cpu.here"), store.vitals.delayed()) == (0, 1)


def test_a_countdown_of_years_is_refused(store: Store, redis_url: str) -> None:
    """Its record says what to do instead; nothing waits in the store for it."""
    with Celery(broker=broker_url(redis_url)) as stock:
        sent = stock.send_task("optimizer.analyze_cpu", queue="cpu", countdown=10 * 365 * 24 * 3600)
    intake_of(store).take_in(10)
    record = store.jobs.get(sent.id)
    assert (record.status, record.error and record.error["code"]) == (Status.FAILED, "delay_too_long")
    assert "HRO_SCHEDULES" in str(record.error and record.error["message"])
    assert store.vitals.delayed() == 0


def test_a_job_that_is_due_in_years_is_not_taken(store: Store) -> None:
    """Whoever submits it."""
    job = new_job(due_at=due_in(store, 0) + 2 * MOST_DELAY).model_copy(update={"created_at": due_in(store, 0)})
    with pytest.raises(DelayTooLongError):
        store.jobs.submit(job)
    assert store.jobs.list() == []
