"""The journal from the command line."""

import json
import sqlite3
from pathlib import Path

import pytest

from optimizer.cli.main import main
from optimizer.host.journal import Journal, State
from tests.fakes.clock import FakeClock


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("HRO_STATE_DIR", str(tmp_path))
    made = Journal(tmp_path / "journal.db", FakeClock())
    target = {"root": {"path": "/srv"}, "path": "/srv/a"}
    made.note("job-1", 0, State.INTENDED, target=target, allocated_bytes=4096)
    made.note("job-1", 0, State.QUARANTINED, moved={})
    made.note("job-1", 1, State.INTENDED, target=target, allocated_bytes=1)
    return made


def test_what_waits_is_listed(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """As a line for people, as JSON for programs; what never happened is not among it."""
    assert main(["quarantine", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["optimization_id"], row["path"], row["allocated_bytes"]) == ("job-1", "/srv/a", 4096)
    assert main(["quarantine"]) == 0
    assert "/srv/a" in capsys.readouterr().out


def test_a_whole_chain_is_said_to_be_one(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """With the hash that should be kept elsewhere."""
    assert main(["audit", "verify"]) == 0
    said = capsys.readouterr().out
    assert ("3 rows" in said, journal.verify().head in said) == (True, True)


def test_a_changed_row_fails(journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, and the row."""
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("UPDATE audit SET facts = '{}' WHERE sequence = 2")
    database.close()
    assert main(["audit", "verify"]) == 1
    assert "Row 2" in capsys.readouterr().out
