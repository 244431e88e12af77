"""Running a job: claim, progress, finish; each counts only for the attempt that holds the job."""

import json

import pytest

from optimizer.errors import CancelledError, FencedOutError, JobNotCancellableError, PathNotFoundError, TimeLimitError
from optimizer.jobs import Job, Status
from optimizer.plans import Action, Plan
from optimizer.runner import Report
from optimizer.store.attempts import MOST_ATTEMPTS, Attempt, Lease, Refusal
from optimizer.store.signing import is_signed
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store

OWNER = "cpu@here/1"


def claimed(store: Store, job: Job, owner: str = OWNER) -> Attempt:
    attempt = store.attempts.claim(job, owner, 7)
    assert isinstance(attempt, Attempt), attempt
    return attempt


def submitted(store: Store, kind: str = "analyze_cpu") -> Job:
    job = new_job(kind)
    store.jobs.submit(job)
    return job


def lease_is_over(store: Store, job: Job) -> None:
    store.redis.hset(f"hro:job:{job.optimization_id}", "lease_ms", 1)


def test_a_claim_gives_the_job_as_it_was_submitted(store: Store) -> None:
    """With its signature; the record says running, and the event has the attempt."""
    job = submitted(store)
    attempt = claimed(store, job)
    assert (attempt.job, attempt.number, attempt.fence) == (job, 1, 1)
    assert is_signed(attempt.job, attempt.signature, b"key")
    assert store.jobs.get(job.optimization_id).status is Status.RUNNING
    assert (store.events()[-1]["event_id"], store.event_types()) == (
        f"{job.optimization_id}:1:started",
        ["job.queued", "job.started"],
    )


def test_a_job_that_is_being_run_is_not_given_again(store: Store) -> None:
    """A second message for it is refused while the first attempt's lease lasts."""
    job = submitted(store)
    claimed(store, job)
    assert store.attempts.claim(job, "cpu@here/2", 7) is Refusal.BUSY


def test_a_job_whose_worker_died_is_given_again_and_the_dead_is_fenced_out(store: Store) -> None:
    """Whatever the first attempt still writes is refused, and changes nothing."""
    job = submitted(store)
    first = claimed(store, job)
    lease_is_over(store, job)
    second = claimed(store, job, "cpu@here/2")
    assert (second.number, second.fence) == (2, 2)
    with pytest.raises(FencedOutError):
        store.attempts.progress(first, {"files": 1})
    with pytest.raises(FencedOutError):
        store.attempts.complete(first, Report(result={}), 1)
    with pytest.raises(FencedOutError):
        store.attempts.give_up(job, OWNER, TimeLimitError())
    assert store.jobs.get(job.optimization_id).status is Status.RUNNING
    store.attempts.complete(second, Report(result={"by": "second"}), 1)
    assert store.jobs.get(job.optimization_id).result == {"by": "second"}


def test_a_renewed_lease_keeps_the_job(store: Store) -> None:
    """Only its owner may renew it."""
    job = submitted(store)
    claimed(store, job)
    lease_is_over(store, job)
    assert store.attempts.renew(job.optimization_id, "cpu@here/2", 7) is Lease.LOST
    assert store.attempts.renew(job.optimization_id, OWNER, 8) is Lease.LOST
    assert store.attempts.renew(job.optimization_id, OWNER, 7) is Lease.RENEWED
    assert store.attempts.claim(job, "cpu@here/2", 7) is Refusal.BUSY


def test_a_lease_of_a_process_that_died_is_over_at_once(store: Store) -> None:
    """Only its own: a message that came back is run by another process of the same worker."""
    job = submitted(store)
    claimed(store, job)
    assert store.attempts.lapse(job.optimization_id, OWNER, 8) is Lease.LOST
    assert store.attempts.claim(job, OWNER, 8) is Refusal.BUSY
    assert store.attempts.lapse(job.optimization_id, OWNER, 7) is Lease.RENEWED
    assert isinstance(store.attempts.claim(job, OWNER, 8), Attempt)
    assert store.attempts.renew(job.optimization_id, OWNER, 7) is Lease.LOST


def test_a_process_that_has_ended_its_job_has_not_lost_it(store: Store) -> None:
    """So its parent leaves it alone; a stranger's end of the job is another matter."""
    job = submitted(store)
    store.attempts.complete(claimed(store, job), Report(result={}), 1)
    assert store.attempts.renew(job.optimization_id, OWNER, 7) is Lease.ENDED
    assert store.attempts.renew(job.optimization_id, OWNER, 8) is Lease.LOST


def test_a_job_that_kills_its_workers_is_given_up(store: Store) -> None:
    """It ends as failed, with an event; the queue is not blocked for ever."""
    job = submitted(store)
    for _ in range(MOST_ATTEMPTS):
        claimed(store, job)
        lease_is_over(store, job)
    assert store.attempts.claim(job, OWNER, 7) is Refusal.POISON
    record = store.jobs.get(job.optimization_id)
    assert (record.status, record.error and record.error["code"]) == (Status.FAILED, "poison_job")
    assert store.event_types()[-1] == "job.failed"


def test_a_message_without_a_record_gives_no_right(store: Store) -> None:
    """Nobody submitted it through the store."""
    assert store.attempts.claim(new_job(), OWNER, 7) is Refusal.UNKNOWN


def test_finishing_writes_record_celery_result_events_and_counters_together(store: Store) -> None:
    """Whoever reads any of them finds the others."""
    job = submitted(store, "optimize_memory")
    action = Action(number=0, type="trim_heap", target={}, reversible=True, reason="r")
    report = Report(
        result={"memory_freed_mb": 2},
        plan=Plan(actions=(action,)),
        event={"freed_mb": 2},
        gauges={"memory_freed_bytes": 2 << 20},
    )
    store.attempts.complete(claimed(store, job), report, 0.3)
    record = store.jobs.get(job.optimization_id)
    assert (record.status, record.result, record.reversible) == (Status.COMPLETED, {"memory_freed_mb": 2}, True)
    assert [item["type"] for item in store.jobs.plan(job.optimization_id, start=0, limit=9)] == ["trim_heap"]
    told = json.loads(str(store.redis.get(f"celery-task-meta-{job.optimization_id}")))
    assert (told["status"], told["result"]) == ("SUCCESS", {"memory_freed_mb": 2})
    assert store.event_types()[-2:] == ["job.completed", "memory.optimized"]
    assert store.vitals.counters() == {
        "jobs|optimize_memory|completed": 1,
        "duration|optimize_memory|0.5": 1,
        "duration_sum|optimize_memory": 0.3,
        "total|memory_freed_bytes": 2 << 20,
        "last|memory_freed_bytes": 2 << 20,
    }


def test_finishing_twice_counts_once(store: Store) -> None:
    """A worker that lost the reply may finish again."""
    job = submitted(store)
    attempt = claimed(store, job)
    store.attempts.complete(attempt, Report(result={}), 1)
    store.attempts.complete(attempt, Report(result={}), 1)
    assert store.vitals.counters()["jobs|analyze_cpu|completed"] == 1
    assert store.event_types().count("job.completed") == 1


def test_a_failed_job_says_why(store: Store) -> None:
    """The record and Celery's result name the same error."""
    job = submitted(store)
    store.attempts.fail(claimed(store, job), PathNotFoundError(path="/x"), 1)
    record = store.jobs.get(job.optimization_id)
    assert record.error is not None
    assert (record.status, record.error["details"]) == (Status.FAILED, {"path": "/x"})
    assert json.loads(str(store.redis.get(f"celery-task-meta-{job.optimization_id}")))["status"] == "FAILURE"


def test_a_late_message_of_a_finished_job_is_refused(store: Store) -> None:
    """It ran; it does not run again."""
    job = submitted(store)
    store.attempts.complete(claimed(store, job), Report(result={}), 1)
    assert store.attempts.claim(job, OWNER, 7) is Refusal.FINAL


def test_a_job_cancelled_before_it_began_never_begins(store: Store) -> None:
    """Even if no worker was up to hear of it."""
    job = submitted(store)
    store.jobs.cancel(store.jobs.get(job.optimization_id))
    assert store.attempts.claim(job, OWNER, 7) is Refusal.FINAL
    assert (store.jobs.get(job.optimization_id).status, store.event_types()[-1]) == (Status.CANCELLED, "job.cancelled")


def test_a_running_job_is_asked_to_stop(store: Store) -> None:
    """It hears so with its next progress, and ends as cancelled by its own hand."""
    job = submitted(store)
    attempt = claimed(store, job)
    assert store.attempts.progress(attempt, {"files": 1}) is False
    store.jobs.cancel(store.jobs.get(job.optimization_id))
    assert store.attempts.progress(attempt, {"files": 2}) is True
    store.attempts.fail(attempt, CancelledError(), 1)
    record = store.jobs.get(job.optimization_id)
    assert (record.status, record.progress) == (Status.CANCELLED, {"files": 2})


def test_a_job_that_ended_cannot_be_cancelled(store: Store) -> None:
    """Its end stands."""
    job = submitted(store)
    store.attempts.complete(claimed(store, job), Report(result={}), 1)
    with pytest.raises(JobNotCancellableError):
        store.jobs.cancel(store.jobs.get(job.optimization_id))


def test_every_change_of_a_record_has_a_version_of_its_own(store: Store) -> None:
    """So that a watcher can tell news from what it knows."""
    job = submitted(store)
    attempt = claimed(store, job)
    store.attempts.progress(attempt, {"files": 1})
    store.attempts.complete(attempt, Report(result={}), 1)
    assert store.jobs.status(job.optimization_id) == (Status.COMPLETED, 4)
