"""What gets lost is brought back, on a real Redis. Without grace, so that a test need not wait."""

import json
import time
from typing import Any, cast

import pytest

from optimizer.errors import FencedOutError, StoreUnavailableError
from optimizer.jobs import Job, Status
from optimizer.runner import Report
from optimizer.store.attempts import MOST_ATTEMPTS, Attempt, Lease
from optimizer.store.connection import PATIENT, connect
from optimizer.store.reconciler import Reconciler
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store

OWNER = "cpu@here/1"


def submitted(store: Store, count: int) -> list[Job]:
    """Jobs of one queue, each of a millisecond of its own."""
    jobs = []
    for _ in range(count):
        jobs.append(new_job())
        store.jobs.submit(jobs[-1])
        time.sleep(0.002)
    return jobs


def messages(store: Store) -> list[dict[str, Any]]:
    """What a worker would pop, in that order."""
    return [json.loads(text) for text in reversed(cast("list[str]", store.redis.lrange("cpu.here", 0, -1)))]


def ids(store: Store) -> list[str]:
    return [message["headers"]["id"] for message in messages(store)]


def pop(store: Store) -> dict[str, Any]:
    """As a worker does that dies before it has noted what it took."""
    message: dict[str, Any] = json.loads(str(store.redis.rpop("cpu.here")))
    return message


def claimed(store: Store, job: Job) -> Attempt:
    attempt = store.attempts.claim(job, OWNER, 7)
    assert isinstance(attempt, Attempt), attempt
    return attempt


def lease_is_over(store: Store, job: Job) -> None:
    store.redis.zadd("hro:running", {job.optimization_id: 1})
    store.redis.hset(f"hro:job:{job.optimization_id}", "lease_ms", 1)


def test_a_message_that_got_lost_is_the_next_one_again(store: Store) -> None:
    """With a tag of its own; the others keep their places, and nothing comes twice."""
    jobs = submitted(store, 3)
    lost = pop(store)
    store.reconciler.reconcile()
    store.reconciler.reconcile()
    assert ids(store) == [job.optimization_id for job in jobs]
    assert messages(store)[0]["properties"]["delivery_tag"] != lost["properties"]["delivery_tag"]
    assert store.vitals.counters() == {"rescued|message_lost": 1}


def test_messages_that_got_lost_together_come_back_in_their_order(store: Store) -> None:
    """The oldest is popped first, as it was before."""
    jobs = submitted(store, 4)
    store.redis.delete("cpu.here")
    store.reconciler.reconcile()
    assert ids(store) == [job.optimization_id for job in jobs]


def test_a_message_that_got_lost_from_the_middle_comes_back_in_its_turn(store: Store) -> None:
    """Nobody looks for it before: a pass costs what there is to do."""
    first, second, third = submitted(store, 3)
    for text in cast("list[str]", store.redis.lrange("cpu.here", 1, 1)):
        store.redis.lrem("cpu.here", 1, text)
    store.reconciler.reconcile()
    assert ids(store) == [first.optimization_id, third.optimization_id]
    pop(store)
    claimed(store, first)
    store.reconciler.reconcile()
    assert ids(store) == [second.optimization_id, third.optimization_id]


def test_a_message_that_a_worker_holds_is_not_lost(store: Store) -> None:
    """Until it has held it for so long that it must be dead; else it would have begun."""
    (job,) = submitted(store, 1)
    store.reconciler.lease_seconds = 15
    tag, now = pop(store)["properties"]["delivery_tag"], int(store.redis.time()[0])
    store.redis.zadd("unacked_index", {tag: now - 10})
    store.reconciler.reconcile()
    assert ids(store) == []
    store.redis.zadd("unacked_index", {tag: now - 20})
    store.reconciler.reconcile()
    assert ids(store) == [job.optimization_id]


def test_a_message_that_was_popped_a_moment_ago_is_given_time(store: Store) -> None:
    """Celery notes it in a second step."""
    store.reconciler.grace_seconds = 60
    submitted(store, 1)
    pop(store)
    store.reconciler.reconcile()
    assert ids(store) == []


def test_what_somebody_put_on_a_workers_queue_stops_nothing(store: Store) -> None:
    """It says nothing of the others; when it is popped, the next one does."""
    (job,) = submitted(store, 1)
    pop(store)
    tags: tuple[object, ...] = ("1", [], None)
    properties = ("5", "null", "[]", *(json.dumps({"delivery_tag": tag}) for tag in tags))
    for garbage in ("garbage", "{}", "5", "null", *(f'{{"properties": {part}}}' for part in properties)):
        store.redis.rpush("cpu.here", garbage)
        store.reconciler.reconcile()
        store.redis.rpop("cpu.here")
    store.reconciler.reconcile()
    assert ids(store) == [job.optimization_id]


def test_two_reconcilers_bring_each_job_back_once(store: Store) -> None:
    """Whoever comes second finds that it is there."""
    jobs = submitted(store, 20)
    store.redis.delete("cpu.here")
    scripts, lifetimes = store.attempts.scripts, store.attempts.lifetimes
    other = Reconciler(
        redis=store.redis, scripts=scripts, lifetimes=lifetimes, clock=store.clock, grace_seconds=0, lease_seconds=0
    )
    other.reconcile()
    store.reconciler.reconcile()
    assert ids(store) == [job.optimization_id for job in jobs]


def test_a_job_whose_worker_died_waits_again_before_all_others(store: Store) -> None:
    """Whatever the dead attempt still writes is refused."""
    first, second = submitted(store, 2)
    pop(store)
    attempt = claimed(store, first)
    lease_is_over(store, first)
    store.reconciler.reconcile()
    assert (store.jobs.get(first.optimization_id).status, ids(store)) == (
        Status.QUEUED,
        [first.optimization_id, second.optimization_id],
    )
    with pytest.raises(FencedOutError):
        store.attempts.progress(attempt, {"files": 1})
    with pytest.raises(FencedOutError):
        store.attempts.complete(attempt, Report(result={}), 1)
    assert store.attempts.renew(first.optimization_id, OWNER, 7) is Lease.LOST
    assert claimed(store, first).number == 2
    assert store.vitals.counters()["rescued|lease_over"] == 1


def test_a_job_that_is_alive_is_left_alone(store: Store) -> None:
    """Its lease was renewed since the index was read."""
    (job,) = submitted(store, 1)
    claimed(store, job)
    store.redis.zadd("hro:running", {job.optimization_id: 1})
    store.reconciler.reconcile()
    assert store.jobs.get(job.optimization_id).status is Status.RUNNING


def test_a_job_that_killed_all_its_workers_is_given_up(store: Store) -> None:
    """It ends as failed, with one final event."""
    (job,) = submitted(store, 1)
    for _ in range(MOST_ATTEMPTS):
        claimed(store, job)
        lease_is_over(store, job)
        store.reconciler.reconcile()
    record = store.jobs.get(job.optimization_id)
    assert (record.status, record.error and record.error["code"]) == (Status.FAILED, "poison_job")
    assert (store.event_types().count("job.failed"), store.redis.exists("hro:running")) == (1, 0)


def test_no_lease_ends_soon_after_redis_was_away(store: Store) -> None:
    """The workers must first have had the time to renew theirs."""
    (job,) = submitted(store, 1)
    claimed(store, job)
    lease_is_over(store, job)
    store.reconciler.lease_seconds = 15
    store.reconciler.redis = connect("redis://127.0.0.1:1", PATIENT)
    with pytest.raises(StoreUnavailableError):
        store.reconciler.reconcile()
    store.reconciler.redis = store.redis
    store.reconciler.reconcile()
    assert store.jobs.get(job.optimization_id).status is Status.RUNNING
    store.clock.move(15)
    store.reconciler.reconcile()
    assert store.jobs.get(job.optimization_id).status is Status.QUEUED


def test_a_record_that_somebody_deleted_is_forgotten(store: Store) -> None:
    """The keeper does not stumble over it again and again."""
    (job,) = submitted(store, 1)
    claimed(store, job)
    store.redis.zadd("hro:running", {job.optimization_id: 1})
    store.redis.delete(f"hro:job:{job.optimization_id}")
    store.reconciler.reconcile()
    assert store.redis.exists("hro:running") == 0
