"""A journal in which a newer version has written of an action that this one does not know."""

from pathlib import Path

import pytest

from optimizer.host.journal import Entry, State
from optimizer.host.journal_file import Claim
from optimizer.paths import path_fields
from optimizer.storage.effects.ground import UnavailableError
from optimizer.storage.effects.table import effect_of
from tests.fakes.submitted import new_job
from tests.integration.storage.test_reclaim import Host

NEWER = "shrink_database"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def note(host: Host, job: str, state: State) -> Entry:
    target = {"root": path_fields(bytes(host.root)), **path_fields(bytes(host.root / "a"))}
    with host.journal.file.session(Claim(job, 1)):
        host.journal.note(job, 0, State.INTENDED, type=NEWER, target=target, allocated_bytes=0, by=job)
        if state is not State.INTENDED:
            host.journal.note(job, 0, state, by=job)
    (entry,) = host.journal.of_job(job)
    return entry


def test_its_type_is_named(host: Host) -> None:
    """With what to do about it."""
    with pytest.raises(UnavailableError, match=f"an action {NEWER}, which this version does not know.*Update"):
        effect_of(note(host, "newer", State.REPLACED))


def test_its_undo_says_so_for_each_action(host: Host) -> None:
    """The job ends, and the action stays as it is, for a newer version."""
    note(host, "newer", State.REPLACED)
    job = new_job("optimize_temp", path=str(host.root)).model_copy(update={"optimization_id": "newer"})
    (outcome,) = host.undo(job).result["outcomes"]
    assert (outcome["status"], outcome["code"], NEWER in outcome["reason"]) == ("skipped", "unavailable", True)
    assert host.journal.of_job("newer")[0].state is State.REPLACED


def test_what_it_had_begun_stops_no_other_job(host: Host) -> None:
    """It stays an intent, for a newer version to settle."""
    note(host, "newer", State.INTENDED)
    host.file("a")
    _, report = host.temp()
    assert report.result["files_quarantined"] == 1
    assert host.journal.of_job("newer")[0].state is State.INTENDED
