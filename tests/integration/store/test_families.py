"""Jobs that are made of others, on a real Redis."""

import json

import pytest

from optimizer.errors import CancelledError, JobNotCancellableError, PathNotFoundError
from optimizer.jobs import Job, JobRecord, Status
from optimizer.runner import Report
from optimizer.store.attempts import Attempt, Refusal
from optimizer.store.jobs import Idempotency, Submission
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store

OWNER = "cpu@here/1"


@pytest.fixture
def parent(store: Store) -> Job:
    """A look at two hosts."""
    job = new_job("analyze_cpu", host="one,two")
    store.jobs.submit(job)
    return job


def record_of(store: Store, job: Job) -> JobRecord:
    return store.jobs.get(job.optimization_id)


def claimed(store: Store, job: Job) -> Attempt:
    attempt = store.attempts.claim(job, OWNER, 7)
    assert isinstance(attempt, Attempt), attempt
    return attempt


def complete(store: Store, job: Job, **result: object) -> None:
    store.attempts.complete(claimed(store, job), Report(result=result), 1)


def events_of(store: Store, job: Job) -> list[str]:
    return [event["event_type"] for event in store.events() if event["optimization_id"] == job.optimization_id]


def test_a_job_for_two_hosts_is_a_job_for_each(store: Store, parent: Job) -> None:
    """With a record, a message and an event of its own; the parent has no message, for no worker runs it."""
    record = record_of(store, parent)
    assert record.status is Status.QUEUED
    assert [(child.job.host, child.job.parent_id, child.status) for child in record.children] == [
        ("one", parent.optimization_id, Status.QUEUED),
        ("two", parent.optimization_id, Status.QUEUED),
    ]
    assert [queue.name for queue in store.vitals.queues()] == ["cpu.one", "cpu.two"]
    assert store.event_types() == ["job.queued"] * 3
    assert store.attempts.claim(parent, OWNER, 7) is Refusal.UNKNOWN


def test_it_runs_from_its_first_childs_beginning_to_its_last_ones_end(store: Store, parent: Job) -> None:
    """A host that is away keeps its child queued, and the parent running; nobody asks again and again."""
    one, two = parent.children
    complete(store, one, load=1)
    record = record_of(store, parent)
    assert (record.status, record.result) == (Status.RUNNING, None)
    assert [child.status for child in record.children] == [Status.COMPLETED, Status.QUEUED]
    complete(store, two, load=2)
    record = record_of(store, parent)
    assert (record.status, record.result) == (Status.COMPLETED, {"one": {"load": 1}, "two": {"load": 2}})
    assert events_of(store, parent) == ["job.queued", "job.started", "job.completed"]
    told = json.loads(str(store.redis.get(f"celery-task-meta-{parent.optimization_id}")))
    assert (told["status"], told["result"]["children"]) == ("SUCCESS", 2)


def test_it_fails_when_a_child_fails_and_says_what_became_of_each(store: Store, parent: Job) -> None:
    """Once all have ended; the others' results are kept."""
    one, two = parent.children
    store.attempts.fail(claimed(store, one), PathNotFoundError(path="/x"), 1)
    assert record_of(store, parent).status is Status.RUNNING
    complete(store, two, load=2)
    record = record_of(store, parent)
    assert (record.status, record.error and record.error["code"]) == (Status.FAILED, "child_failed")
    assert record.result is not None
    assert (record.result["one"]["error"]["code"], record.result["two"]) == ("path_not_found", {"load": 2})
    assert events_of(store, parent)[-1] == "job.failed"


def test_cancelling_it_cancels_its_children(store: Store, parent: Job) -> None:
    """At once those that have not begun; the others are asked, and it ends with them."""
    one, two = parent.children
    attempt = claimed(store, one)
    store.jobs.cancel(record_of(store, parent))
    assert (record_of(store, two).status, record_of(store, parent).status) == (Status.CANCELLED, Status.RUNNING)
    assert store.attempts.progress(attempt, {}) is True
    store.attempts.fail(attempt, CancelledError(), 1)
    assert record_of(store, parent).status is Status.CANCELLED
    assert events_of(store, parent) == ["job.queued", "job.started", "job.cancelled"]
    with pytest.raises(JobNotCancellableError):
        store.jobs.cancel(record_of(store, parent))


def test_cancelling_it_before_any_child_began_ends_it_at_once(store: Store, parent: Job) -> None:
    """With one final event of each."""
    store.jobs.cancel(record_of(store, parent))
    assert record_of(store, parent).status is Status.CANCELLED
    assert store.event_types() == ["job.queued"] * 3 + ["job.cancelled"] * 3


def test_a_childs_record_is_kept_for_as_long_as_its_parent_needs_it(store: Store, parent: Job) -> None:
    """However long the other host is away; then both have the same time to live."""
    one, two = parent.children
    complete(store, one)
    key, result = f"hro:job:{one.optimization_id}", f"hro:result:{one.optimization_id}"
    assert (store.redis.ttl(key), store.redis.ttl(result)) == (-1, -1)
    complete(store, two)
    times = {store.redis.ttl(name) for name in (key, result, f"hro:job:{parent.optimization_id}")}
    assert times <= {99, 100}


def test_a_repeated_submission_is_taken_once_with_all_that_it_is_made_of(store: Store, parent: Job) -> None:
    """Whether the reply was lost or the client asks again by the same name."""
    assert store.jobs.submit(parent) == (Submission.SAME, parent.optimization_id)
    named = Idempotency(key="k", fingerprint="f")
    first, second = (new_job(host="one,two") for _ in range(2))
    store.jobs.submit(first, idempotency=named)
    assert store.jobs.submit(second, idempotency=named) == (Submission.SAME, first.optimization_id)
    assert len(store.jobs.list()) == 6


def test_a_job_that_acted_on_another_is_no_part_of_it(store: Store) -> None:
    """An undo names its parent, and changes nothing in its record."""
    acted_on = new_job("optimize_temp")
    store.jobs.submit(acted_on)
    undo = new_job("undo", optimization_id=acted_on.optimization_id).model_copy(
        update={"parent_id": acted_on.optimization_id}
    )
    store.jobs.submit(undo)
    complete(store, undo)
    record = record_of(store, acted_on)
    assert (record.status, record.version, record.children) == (Status.QUEUED, 1, ())
    assert 0 < int(store.redis.ttl(f"hro:job:{undo.optimization_id}")) <= 100


def test_all_is_a_job_for_each_part_with_the_same_options(store: Store) -> None:
    """On each host; each is signed, for a worker takes no change that is not."""
    job = new_job("optimize_all", host="one,two", dry_run=True, allow_irreversible=True)
    store.jobs.submit(job)
    children = record_of(store, job).children
    assert [(child.job.kind, child.job.host) for child in children] == [
        (kind, host)
        for host in ("one", "two")
        for kind in ("optimize_memory", "optimize_cpu", "optimize_storage", "optimize_docker")
    ]
    assert all(child.job.options == job.options for child in children)
    assert all(store.redis.hget(f"hro:job:{child.job.optimization_id}", "signature") for child in children)


def test_a_child_that_is_run_again_does_not_begin_its_parent_again(store: Store, parent: Job) -> None:
    """Its worker died; the parent has been running since the first attempt."""
    one, _ = parent.children
    claimed(store, one)
    store.redis.hset(f"hro:job:{one.optimization_id}", "lease_ms", 1)
    claimed(store, one)
    assert events_of(store, parent) == ["job.queued", "job.started"]
