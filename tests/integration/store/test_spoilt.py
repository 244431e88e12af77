"""What somebody who writes to Redis by hand has spoilt stops nothing else, on a real Redis."""

import pytest
from structlog.testing import capture_logs

from optimizer.errors import StoreSpoiltError
from optimizer.jobs import Job, Status
from optimizer.store import keys
from optimizer.store.outbox import Stream
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store
from tests.integration.store.test_delayed import becomes_due, due_in


def submitted(store: Store, kind: str = "analyze_cpu") -> Job:
    job = new_job(kind)
    store.jobs.submit(job)
    return job


def spoil(store: Store, job: Job, how: str) -> None:
    key = keys.job(job.optimization_id)
    if how == "another type":
        store.redis.delete(key)
        store.redis.set(key, "somebody's")
    elif how == "not UTF-8":
        store.redis.hset(key, mapping={"options": b"\xff", "message": b"\xff", "pushes": b"\xff"})
    else:
        store.redis.hdel(key, "message", "kind", "queue", "host", "lease_ms")


SPOILT = pytest.mark.parametrize("how", ["another type", "not UTF-8", "fields missing"])


@SPOILT
def test_a_spoilt_record_stops_no_other_job_that_is_due(store: Store, how: str) -> None:
    """The other one gets its message, in the first or the next pass."""
    spoilt, good = (new_job(due_at=due_in(store, seconds)) for seconds in (3600, 7200))
    for job in (spoilt, good):
        store.jobs.submit(job)
        becomes_due(store, job)
    spoil(store, spoilt, how)
    store.reconciler.reconcile()
    assert (store.redis.llen("cpu.here"), store.vitals.delayed()) == (1, 0)


@SPOILT
def test_a_spoilt_record_stops_no_other_message_that_was_lost(store: Store, how: str) -> None:
    """The other one is brought back."""
    spoilt, good = submitted(store), submitted(store)
    store.redis.delete("cpu.here")
    spoil(store, spoilt, how)
    store.redis.zadd(keys.queued("cpu.here"), {spoilt.optimization_id: 1, good.optimization_id: 2})
    store.reconciler.reconcile()
    assert store.redis.llen("cpu.here") == 1
    assert store.redis.zrange(keys.queued("cpu.here"), 0, -1) == [good.optimization_id]


@SPOILT
def test_a_spoilt_record_stops_no_other_lease_that_is_over(store: Store, how: str) -> None:
    """The other job is queued again; the spoilt one is said, and not looked at for ever."""
    spoilt, good = submitted(store), submitted(store)
    for job in (spoilt, good):
        store.attempts.claim(job, "cpu@here/1", 7)
        store.redis.hset(keys.job(job.optimization_id), "lease_ms", 1)
    spoil(store, spoilt, how)
    store.redis.zadd(keys.RUNNING, {spoilt.optimization_id: 1, good.optimization_id: 2})
    with capture_logs() as said:
        store.reconciler.reconcile()
        store.reconciler.reconcile()
    assert store.jobs.get(good.optimization_id).status is Status.QUEUED
    assert [line["optimization_id"] for line in said if line["event"] == "record_spoilt"] == [spoilt.optimization_id]
    assert store.redis.zcard(keys.RUNNING) == 0


@pytest.mark.parametrize("key", ["cpu.here", "hro:queued:cpu.here", keys.DELAYED, keys.RUNNING])
def test_a_spoilt_key_stops_no_other_queue(store: Store, key: str) -> None:
    """It is said once, and messages of another queue are brought back."""
    store.jobs.submit(new_job())
    store.jobs.submit(new_job("analyze_memory"))
    store.redis.delete("memory.here", key)
    store.redis.set(key, "somebody's")
    with capture_logs() as said:
        store.reconciler.reconcile()
        store.reconciler.reconcile()
    assert store.redis.llen("memory.here") == 1
    assert len([line for line in said if line["event"] == "not_reconciled"]) == 1


def test_a_spoilt_table_of_queues_is_one_line(store: Store) -> None:
    """What needs it waits; the pass goes on."""
    store.redis.set(keys.QUEUES, "somebody's")
    with capture_logs() as said:
        store.reconciler.reconcile()
    assert [line["of"] for line in said] == [keys.QUEUES]


def test_names_that_are_not_utf_8_are_names(store: Store) -> None:
    """Of a queue, of a running job and of one that is due: nothing is behind them, and nothing is stopped."""
    store.redis.sadd(keys.QUEUES, b"\xff")
    store.redis.zadd("hro:queued:\xff".encode("latin-1"), {b"\xff": 1})
    store.redis.zadd(keys.RUNNING, {b"\xff": 1})
    store.redis.zadd(keys.DELAYED, {b"\xff": 1})
    with capture_logs() as said:
        store.reconciler.reconcile()
    assert [line["event"] for line in said if line["event"] != "jobs_due"] == []
    assert store.redis.exists(keys.RUNNING, keys.DELAYED, "hro:queued:\xff".encode("latin-1")) == 0


def test_an_entry_is_set_aside_with_all_its_fields(store: Store) -> None:
    """It is not read again, and an operator can look at it."""
    stream = Stream(redis=store.redis, scripts=store.attempts.scripts, name=keys.OUTBOX, consumer="one")
    stream.prepare()
    store.redis.xadd(keys.OUTBOX, {"what": b"\xff"})
    (entry,) = stream.read(10, 10)
    stream.set_aside(entry)
    stream.set_aside(entry)
    assert (store.vitals.outbox_length(), stream.unfinished(10)) == (0, [])
    (kept,) = store.redis.lrange(keys.SET_ASIDE, 0, -1)
    assert "hro:outbox" in kept
    assert "what" in kept


def test_a_record_that_cannot_be_read_is_one_error(store: Store) -> None:
    """It says what is wrong with it."""
    job = submitted(store)
    store.redis.hset(keys.job(job.optimization_id), "kind", "of_a_newer_version")
    with pytest.raises(StoreSpoiltError, match="KeyError: 'of_a_newer_version'"):
        store.jobs.get(job.optimization_id)


def test_a_list_shows_the_records_that_can_be_read(store: Store) -> None:
    """One that cannot is no reason to show none."""
    spoilt, good = submitted(store), submitted(store)
    store.redis.hset(keys.job(spoilt.optimization_id), "kind", "of_a_newer_version")
    assert [record.job.optimization_id for record in store.jobs.list()] == [good.optimization_id]


def test_a_page_is_full_although_records_are_left_out(store: Store) -> None:
    """A short page is the last one: whoever reads on by it would miss what comes behind."""
    jobs = [submitted(store) for _ in range(6)]
    for number, job in enumerate(jobs):
        store.redis.zadd(keys.JOBS, {job.optimization_id: number})
    store.redis.hset(keys.job(jobs[5].optimization_id), "kind", "of_a_newer_version")
    store.redis.delete(keys.job(jobs[4].optimization_id))
    first = store.jobs.list(limit=3)
    rest = store.jobs.list(after=first[-1].job.optimization_id, limit=3)
    ids = [record.job.optimization_id for record in (*first, *rest)]
    assert (len(first), ids) == (3, [job.optimization_id for job in reversed(jobs[:4])])
