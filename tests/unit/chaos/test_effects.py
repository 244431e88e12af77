"""The account of effects: filesystem, journal and records must tell the same."""

from dataclasses import replace

import pytest

from benchmarks.chaos.effects import DISAGREEING, FAILED_PARTLY, HALFWAY, MISPLACED, TWICE, account
from benchmarks.chaos.evidence import Evidence, Record, Row, Step

INTO_QUARANTINE = [Step("a", 0, "intended"), Step("a", 0, "quarantined")]
MOVED = Row("a", 0, "quarantined", "/file", None)
JOB = Record(
    job="a", kind="optimize_temp", status="completed", attempt=1, has_started=True, result={"files_quarantined": 1}
)
RIGHT = Evidence(
    accepted=frozenset({"a"}),
    records={"a": JOB},
    steps=INTO_QUARANTINE,
    rows=[MOVED],
    written={"/file": "digest"},
    in_quarantine={("a", 0): "digest"},
)
UNDO = Record(job="u", kind="undo", status="completed", attempt=1, target="a", result={"files_restored": 1})
UNDONE = replace(
    RIGHT,
    records={"a": JOB, "u": UNDO},
    steps=[*INTO_QUARANTINE, Step("a", 0, "restoring"), Step("a", 0, "restored")],
    rows=[replace(MOVED, state="restored", by="u")],
    in_place={"/file": "digest"},
    in_quarantine={},
)
PURGE = replace(UNDO, job="p", kind="purge", result={"files_purged": 1})
PURGED = replace(
    RIGHT,
    records={"a": JOB, "p": PURGE},
    steps=[*INTO_QUARANTINE, Step("a", 0, "purging"), Step("a", 0, "purged")],
    rows=[replace(MOVED, state="purged", by="p")],
    in_quarantine={},
)
COMPRESSED = replace(
    RIGHT,
    records={"a": replace(JOB, kind="optimize_compress", result={"files_compressed": 1})},
    steps=[Step("a", 0, "intended"), Step("a", 0, "replaced")],
    rows=[replace(MOVED, state="replaced")],
    compressed={"/file": "digest"},
    in_quarantine={},
)


def wrong(evidence: Evidence) -> list[str]:
    """The names of the checks that found something."""
    return [name for name, found in account(evidence).items() if found]


@pytest.mark.parametrize(
    "evidence", [RIGHT, UNDONE, PURGED, COMPRESSED], ids=["moved", "undone", "purged", "compressed"]
)
def test_a_right_run_has_nothing_wrong(evidence: Evidence) -> None:
    """Moved; brought back; deleted; compressed."""
    assert wrong(evidence) == []


def test_what_was_begun_and_taken_back_is_right() -> None:
    """A further attempt may begin anew, and a purge that did not happen leaves the file where it was."""
    steps = [Step("a", 0, state) for state in ("intended", "withdrawn", "intended", "quarantined")]
    assert wrong(replace(RIGHT, steps=[*steps, Step("a", 0, "purging"), Step("a", 0, "quarantined")])) == []


@pytest.mark.parametrize("state", ["quarantined", "intended"])
def test_an_action_is_done_once(state: str) -> None:
    """A second outcome, or a second intent after one, is an effect done twice."""
    assert wrong(replace(RIGHT, steps=[*INTO_QUARANTINE, Step("a", 0, state)])) == [TWICE]


@pytest.mark.parametrize("state", ["intended", "restoring", "purging"])
def test_what_was_only_begun_is_halfway(state: str) -> None:
    """Whatever the world looks like."""
    assert HALFWAY in wrong(replace(RIGHT, rows=[replace(MOVED, state=state)]))


@pytest.mark.parametrize(
    "evidence",
    [
        replace(RIGHT, in_quarantine={}),
        replace(RIGHT, in_quarantine={("a", 0): "another digest"}),
        replace(RIGHT, in_place={"/file": "digest"}),
        replace(RIGHT, in_quarantine={("a", 0): "digest", ("a", 1): "digest"}),
        replace(RIGHT, rows=[MOVED, replace(MOVED, job="b")]),
        replace(UNDONE, in_place={}),
        replace(UNDONE, in_place={"/file": "another digest"}),
        replace(PURGED, in_place={"/file": "digest"}),
        replace(COMPRESSED, in_place={"/file": "digest"}),
        replace(COMPRESSED, compressed={"/file": "another digest"}),
    ],
    ids=[
        "vanished", "damaged in quarantine", "in two places", "unknown to the journal", "moved by two jobs",
        "not brought back", "damaged", "there in spite of its purge",
        "there in spite of its archive", "damaged in its archive",
    ],
)  # fmt: skip
def test_a_file_is_in_one_place_and_whole(evidence: Evidence) -> None:
    """Where the journal has it."""
    assert MISPLACED in wrong(evidence)


def test_a_file_that_no_job_touched_is_in_place() -> None:
    """With what it held."""
    untouched = replace(RIGHT, records={}, steps=[], rows=[], in_quarantine={})
    assert wrong(replace(untouched, in_place={"/file": "digest"})) == []
    assert wrong(untouched) == [MISPLACED]


@pytest.mark.parametrize(
    ("evidence", "job"), [(RIGHT, JOB), (UNDONE, UNDO), (PURGED, PURGE)], ids=["moved", "undone", "purged"]
)
def test_a_record_counts_what_the_journal_has(evidence: Evidence, job: Record) -> None:
    """Neither more nor less."""
    for field, count in job.result.items():
        other = {**evidence.records, job.job: replace(job, result={field: count + 1})}
        assert wrong(replace(evidence, records=other)) == [DISAGREEING]


@pytest.mark.parametrize("job", [JOB, UNDO], ids=["the job", "its undo"])
def test_a_failed_job_has_changed_nothing(job: Record) -> None:
    """A cancelled one may have been stopped on its way."""
    failed = {**UNDONE.records, job.job: replace(job, status="failed")}
    assert wrong(replace(UNDONE, records=failed)) == [FAILED_PARTLY]
    cancelled = {**UNDONE.records, job.job: replace(job, status="cancelled")}
    assert wrong(replace(UNDONE, records=cancelled)) == []
