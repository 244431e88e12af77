"""Taking a job: record, message and event in one step."""

import json
from itertools import chain

import pytest

from optimizer.errors import IdempotencyConflictError, JobExpiredError, JobNotFoundError, StoreUnavailableError
from optimizer.jobs import Status
from optimizer.store.jobs import FRESH_MS, Idempotency, Submission
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store


def test_a_submitted_job_has_record_message_and_event(store: Store) -> None:
    """All three are there, and the message names the record."""
    job = new_job()
    assert store.jobs.submit(job) == (Submission.NEW, job.optimization_id)
    assert store.jobs.get(job.optimization_id).job == job
    message = json.loads(str(store.redis.rpop(job.queue)))
    assert message["headers"]["id"] == job.optimization_id
    assert [(e["event_id"], e["event_type"]) for e in store.events()] == [
        (f"{job.optimization_id}:queued", "job.queued")
    ]


def test_a_repeated_submission_is_taken_once(store: Store) -> None:
    """Whoever lost the reply may ask again."""
    job = new_job()
    store.jobs.submit(job)
    assert store.jobs.submit(job) == (Submission.SAME, job.optimization_id)
    assert store.redis.llen(job.queue) == 1


def test_a_request_with_the_same_idempotency_key_is_the_same_job(store: Store) -> None:
    """A client's repetition gets the first answer again."""
    first, second = new_job(), new_job()
    named = Idempotency(key="caller:k", fingerprint="f")
    store.jobs.submit(first, idempotency=named)
    assert store.jobs.submit(second, idempotency=named) == (Submission.SAME, first.optimization_id)
    with pytest.raises(JobNotFoundError):
        store.jobs.get(second.optimization_id)


def test_an_idempotency_key_stands_for_one_request(store: Store) -> None:
    """Another request under the same key is refused, and nothing of it is taken."""
    store.jobs.submit(new_job(), idempotency=Idempotency(key="k", fingerprint="f"))
    with pytest.raises(IdempotencyConflictError):
        store.jobs.submit(new_job(), idempotency=Idempotency(key="k", fingerprint="g"))
    assert len(store.jobs.list()) == 1


def test_an_identical_analysis_is_joined_while_it_runs(store: Store) -> None:
    """Two callers who ask for the same are answered by one job."""
    first = new_job()
    store.jobs.submit(first, join="same")
    assert store.jobs.submit(new_job(), join="same") == (Submission.JOINED, first.optimization_id)
    assert store.jobs.submit(new_job(), join="other")[0] is Submission.NEW


@pytest.mark.parametrize(("age_ms", "outcome"), [(0, Submission.JOINED), (FRESH_MS + 1000, Submission.NEW)])
def test_a_finished_analysis_answers_while_it_is_fresh(store: Store, age_ms: int, outcome: Submission) -> None:
    """For a minute; then the host is looked at anew."""
    first = new_job()
    store.jobs.submit(first, join="same")
    finished_ms = int(store.redis.time()[0]) * 1000 - age_ms
    store.redis.hset(f"hro:job:{first.optimization_id}", mapping={"status": "completed", "finished_ms": finished_ms})
    assert store.jobs.submit(new_job(), join="same")[0] is outcome


def test_a_cancelled_analysis_is_not_joined(store: Store) -> None:
    """Its result will never come."""
    first = new_job()
    store.jobs.submit(first, join="same")
    store.jobs.cancel(store.jobs.get(first.optimization_id))
    assert store.jobs.submit(new_job(), join="same")[0] is Submission.NEW


def test_an_unknown_id_is_not_an_expired_one(store: Store) -> None:
    """A job that ended is remembered for longer than its record is kept."""
    job = new_job()
    store.jobs.submit(job)
    store.jobs.cancel(store.jobs.get(job.optimization_id))
    assert 0 < int(store.redis.ttl(f"hro:job:{job.optimization_id}")) <= 100
    store.redis.delete(f"hro:job:{job.optimization_id}")
    with pytest.raises(JobExpiredError):
        store.jobs.get(job.optimization_id)
    with pytest.raises(JobNotFoundError):
        store.jobs.get("0")


def test_jobs_are_listed_newest_first_page_by_page(store: Store) -> None:
    """Each job is on one page, however many come in the same millisecond."""
    ids = [store.jobs.submit(new_job())[1] for _ in range(7)]
    pages, cursor = [], None
    while page := store.jobs.list(after=cursor, limit=3):
        pages.append([record.job.optimization_id for record in page])
        cursor = pages[-1][-1]
    assert sorted(chain.from_iterable(pages)) == sorted(ids)
    assert [len(page) for page in pages] == [3, 3, 1]


def test_a_queued_job_has_no_time_to_live(store: Store) -> None:
    """A host may be away for a month; what waits for it is kept."""
    job = new_job()
    store.jobs.submit(job)
    assert (store.redis.ttl(f"hro:job:{job.optimization_id}"), store.jobs.status(job.optimization_id)) == (
        -1,
        (Status.QUEUED, 1),
    )


def test_a_full_redis_takes_no_job_and_says_so(store: Store) -> None:
    """Nothing of the job is there: neither record, nor message, nor event."""
    job = new_job()
    store.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailableError, match="memory"):
            store.jobs.submit(job)
    finally:
        store.redis.config_set("maxmemory", 0)
    assert store.redis.dbsize() == 0
