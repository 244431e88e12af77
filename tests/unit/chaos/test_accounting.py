"""The account of jobs: a right run has nothing in it, and each thing that is wrong is named."""

from dataclasses import replace

import pytest

from benchmarks.chaos import accounting
from benchmarks.chaos.accounting import DOUBLED, LOST, account, is_too_gentle, repaired
from benchmarks.chaos.events import CONTRADICTING, MISSING, duplicates, implied
from benchmarks.chaos.evidence import Begun, Evidence, Heard, Record


def heard(job: str, event_type: str, event_id: str = "", at: float = 1.0) -> Heard:
    return Heard(event_id or f"{job}:{event_type}", event_type, job, at)


RECORD = Record(job="a", kind="hash_files", status="completed", attempt=1, has_started=True, finished_at=2.0)
RIGHT = Evidence(
    accepted=frozenset({"a"}),
    records={"a": RECORD},
    heard=[heard("a", event_type) for event_type in ("job.queued", "job.started", "job.completed", "files.hashed")],
    begun=[Begun("a", 1)],
)


def wrong(evidence: Evidence) -> dict[str, list[str]]:
    return {name: found for name, found in account(evidence).items() if found}


def test_a_right_run_has_nothing_wrong() -> None:
    """Each check is there, and empty."""
    assert account(RIGHT) == {name: [] for name in accounting.CHECKS}


@pytest.mark.parametrize("status", ["queued", "running", None])
def test_a_job_without_a_final_status_is_lost(status: str | None) -> None:
    """So is one of which there is no record."""
    records = {"a": replace(RECORD, status=status)} if status else {}
    assert account(replace(RIGHT, records=records))[LOST] == ["a"]


def test_an_attempt_that_begins_twice_is_a_doubled_job() -> None:
    """No claim gives one attempt to two workers; a further attempt is none of that."""
    assert wrong(replace(RIGHT, begun=[Begun("a", 1), Begun("a", 1)])) == {DOUBLED: ["a"]}
    assert account(replace(RIGHT, begun=[Begun("a", 1), Begun("a", 2)]))[DOUBLED] == []


def test_a_job_that_starts_after_its_end_is_doubled() -> None:
    """As its event tells, whatever the record says of attempts."""
    late = [*RIGHT.heard, heard("a", "job.started", "second", at=3.0)]
    records = {"a": replace(RECORD, attempt=2)}
    assert wrong(replace(RIGHT, records=records, heard=late)) == {DOUBLED: ["a"]}


@pytest.mark.parametrize("event_type", ["job.queued", "job.started", "job.completed", "files.hashed"])
def test_an_event_that_nobody_heard_is_missing(event_type: str) -> None:
    """Each that the record implies."""
    fewer = [event for event in RIGHT.heard if event.event_type != event_type]
    assert wrong(replace(RIGHT, heard=fewer)) == {MISSING: [f"a (hash_files): {event_type} 0 of 1"]}


def test_an_event_that_comes_twice_is_heard_once() -> None:
    """Consumers drop it by its id; the report names it."""
    twice = [*RIGHT.heard, RIGHT.heard[0]]
    assert wrong(replace(RIGHT, heard=twice)) == {}
    assert duplicates(twice) == {"a:job.queued": 2}


def test_a_second_end_contradicts() -> None:
    """A job ends once, as its record says."""
    both = [*RIGHT.heard, heard("a", "job.failed")]
    assert wrong(replace(RIGHT, heard=both)) == {CONTRADICTING: ["a (hash_files): job.failed 1 of 0"]}


def test_a_record_implies_its_events() -> None:
    """A start for each attempt; an event of its own only where it did its work; a parent starts once, if at all."""
    assert implied(replace(RECORD, attempt=3))["job.started"] == 3
    assert "files.hashed" not in implied(replace(RECORD, status="failed"))
    assert "memory.optimized" not in implied(replace(RECORD, kind="optimize_memory", dry_run=True))
    parent = replace(RECORD, kind="optimize_all", attempt=0, has_children=True)
    assert implied(parent) == {"job.queued": 1, "job.started": 1, "job.completed": 1}
    assert implied(replace(parent, status="cancelled", has_started=False)) == {"job.queued": 1, "job.cancelled": 1}


def test_a_run_that_repaired_nothing_was_too_gentle() -> None:
    """Further attempts are counted from records, the rest by the service itself."""
    assert is_too_gentle(repaired(RIGHT, {"message lost": 0}))
    assert not is_too_gentle(repaired(RIGHT, {"message lost": 1}))
    again = replace(RIGHT, records={"a": replace(RECORD, attempt=3)})
    assert repaired(again, {}) == {"further attempts": 2}
