"""What stands in the store once a job has ended."""

import json

import pytest

from optimizer.errors import CancelledError, HroError, PathNotFoundError
from optimizer.jobs import Job
from optimizer.plans import Action, Plan
from optimizer.runner import Report
from optimizer.store.endings import Lifetimes, completed, failed
from tests.fakes.clock import NOON

LIFETIMES = Lifetimes(record_seconds=60, tombstone_seconds=600)
JOB = Job(optimization_id="7", kind="optimize_memory", host="here", created_at=NOON)


def test_the_own_event_follows_what_was_done() -> None:
    """memory.optimized carries what the handler measured and how long it took."""
    report = Report(result={"memory_freed_mb": 3}, event={"freed_mb": 3})
    ending = json.loads(completed(JOB, report, 1.5, NOON, LIFETIMES))
    assert [event["type"] for event in ending["events"]] == ["job.completed", "memory.optimized"]
    assert json.loads(ending["events"][1]["data"]) == {"duration_ms": 1500, "freed_mb": 3}


def test_a_dry_run_has_no_event_of_its_own() -> None:
    """Nothing was optimized."""
    ending = json.loads(completed(JOB, Report(result={}, plan=Plan()), 1, NOON, LIFETIMES))
    assert [event["type"] for event in ending["events"]] == ["job.completed"]


def test_the_plan_is_stored_action_by_action() -> None:
    """A summary in the record, the actions in a list that is read by page."""
    action = Action(number=0, type="trim_heap", target={}, reversible=True, claimed_bytes=5, reason="r")
    ending = json.loads(completed(JOB, Report(result={}, plan=Plan(actions=(action,))), 1, NOON, LIFETIMES))
    assert (json.loads(ending["plan"])["claimed_bytes"], len(ending["actions"])) == (5, 1)


def test_celery_is_told_the_scalars_of_the_result() -> None:
    """The tables stay in the record."""
    report = Report(result={"memory_freed_mb": 3, "outcomes": [1, 2]})
    ending = json.loads(completed(JOB, report, 1, NOON, LIFETIMES))
    told = json.loads(ending["celery_result"])
    assert (told["status"], told["result"]) == ("SUCCESS", {"memory_freed_mb": 3})


@pytest.mark.parametrize(
    ("error", "status", "state", "name"),
    [
        (PathNotFoundError(path="/x"), "failed", "FAILURE", "PathNotFoundError"),
        (CancelledError(), "cancelled", "REVOKED", "TaskRevokedError"),
    ],
)
def test_record_and_celery_agree_on_how_a_job_did_not_end_well(
    error: HroError, status: str, state: str, name: str
) -> None:
    """One ending, told in both languages."""
    ending = json.loads(failed(JOB, error, 1, NOON, LIFETIMES))
    told = json.loads(ending["celery_result"])
    assert (ending["status"], told["status"], told["result"]["exc_type"]) == (status, state, name)
    assert json.loads(ending["error"])["code"] == error.code
