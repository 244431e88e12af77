"""Events that wait, on a real Redis."""

import json

import pytest

from optimizer.store.keys import OUTBOX
from optimizer.store.outbox import Stream, to_event
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store


@pytest.fixture
def outbox(store: Store) -> Stream:
    stream = Stream(redis=store.redis, scripts=store.attempts.scripts, name=OUTBOX, consumer="first")
    stream.prepare()
    return stream


def test_an_event_is_read_as_it_was_written(store: Store, outbox: Stream) -> None:
    """With every field of the message that it becomes."""
    job = new_job("optimize_memory", dry_run=True)
    store.jobs.submit(job)
    (entry,) = outbox.read(10, 10)
    event = to_event(entry.fields)
    assert set(event) == {"event_id", "event_type", "agent", "host", "optimization_id", "data", "timestamp"}
    assert (event["event_id"], event["event_type"]) == (f"{job.optimization_id}:queued", "job.queued")
    assert event["data"] == {"kind": "optimize_memory", "resource": "memory", "dry_run": True}
    json.dumps(event)


def test_what_is_done_is_gone_and_the_rest_is_not(store: Store, outbox: Stream) -> None:
    """Only what was handed on is removed."""
    for _ in range(3):
        store.jobs.submit(new_job())
    entries = outbox.read(10, 10)
    outbox.done([entry.id for entry in entries[:2]])
    assert store.vitals.outbox_length() == 1
    assert outbox.unfinished(10) == entries[2:]


def test_what_a_keeper_died_with_is_given_to_another(store: Store, outbox: Stream) -> None:
    """Once it has been idle for long enough; nothing is lost with its reader."""
    store.jobs.submit(new_job())
    (entry,) = outbox.read(10, 10)
    other = Stream(redis=store.redis, scripts=store.attempts.scripts, name=OUTBOX, consumer="second")
    assert other.reclaim(10) == []
    store.redis.xclaim(OUTBOX, "keepers", "first", 0, [entry.id], idle=60_000)
    assert other.reclaim(10) == [entry]


def test_events_from_before_the_first_keeper_are_read(store: Store) -> None:
    """They have waited since the first job."""
    store.jobs.submit(new_job())
    late = Stream(redis=store.redis, scripts=store.attempts.scripts, name=OUTBOX, consumer="late")
    late.prepare()
    late.prepare()
    assert len(late.read(10, 10)) == 1


def test_a_redis_that_lost_its_data_is_read_from_anew(store: Store, outbox: Stream) -> None:
    """The group of readers is gone with it, and made again."""
    store.redis.flushdb()
    assert (outbox.read(10, 10), outbox.unfinished(10), outbox.reclaim(10)) == ([], [], [])
    store.jobs.submit(new_job())
    assert len(outbox.read(10, 10)) == 1
