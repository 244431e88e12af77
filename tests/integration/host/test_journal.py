"""The journal, in a real file, with more than one writer, and with somebody who changes it."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from optimizer.host.journal import Journal, State
from tests.fakes.clock import FakeClock

JOB = "3f1c"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal(path, FakeClock())


def test_an_action_has_the_state_of_its_last_step_and_the_facts_of_all(journal: Journal) -> None:
    """What was noted first is still there after what was noted later."""
    journal.note(JOB, 0, State.INTENDED, path="/srv/a", inode=7)
    journal.note(JOB, 0, State.QUARANTINED, ctime_ns=9)
    (entry,) = journal.of_job(JOB)
    assert (entry.state, entry.facts) == (State.QUARANTINED, {"path": "/srv/a", "inode": 7, "ctime_ns": 9})


def test_what_a_crash_left_open_is_found(journal: Journal) -> None:
    """An intent without an outcome: the world has to be looked at."""
    journal.note(JOB, 0, State.INTENDED)
    journal.note(JOB, 0, State.QUARANTINED)
    journal.note(JOB, 1, State.INTENDED)
    assert [entry.number for entry in journal.in_state(State.INTENDED)] == [1]


def test_old_entries_are_told_from_new_ones(path: Path) -> None:
    """As a retention time needs it."""
    clock = FakeClock()
    journal = Journal(path, clock)
    journal.note(JOB, 0, State.QUARANTINED)
    clock.move(60)
    between = clock.now().isoformat()
    clock.move(60)
    journal.note(JOB, 1, State.QUARANTINED)
    assert [entry.number for entry in journal.in_state(State.QUARANTINED, before=between)] == [0]


def test_a_chain_that_nobody_touched_holds(journal: Journal) -> None:
    """Its head is the same however often it is asked for, and another one after each step."""
    heads = set()
    for number in range(5):
        journal.note(JOB, number, State.DONE)
        verified = journal.verify()
        assert (verified.rows, verified.broken_at) == (number + 1, None)
        heads.add(verified.head)
    assert len(heads) == 5


@pytest.mark.parametrize(
    "tampering",
    [
        'UPDATE audit SET facts = \'{"path":"/other"}\' WHERE sequence = 3',
        "UPDATE audit SET at = '2000' WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence = 3",
        "UPDATE audit SET hash = '0' WHERE sequence = 3",
        "INSERT INTO audit SELECT 99, at, optimization_id, number, step, facts, hash FROM audit WHERE sequence = 3",
    ],
)
def test_a_row_that_somebody_changed_is_found(path: Path, journal: Journal, tampering: str) -> None:
    """Changed, taken out or put in: the chain breaks there."""
    for number in range(5):
        journal.note(JOB, number, State.DONE)
    with sqlite3.connect(path) as database:
        database.execute(tampering)
    database.close()
    assert journal.verify().broken_at is not None


def test_rows_taken_off_the_end_show_in_the_head(path: Path, journal: Journal) -> None:
    """The rest is a whole chain, but not the one whose head was kept."""
    for number in range(5):
        journal.note(JOB, number, State.DONE)
    kept = journal.verify()
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM audit WHERE sequence = 5")
    database.close()
    shorter = journal.verify()
    assert (shorter.broken_at, shorter.rows < kept.rows, shorter.head == kept.head) == (None, True, False)


def test_writers_of_several_processes_make_one_chain(path: Path, journal: Journal) -> None:
    """A worker and a local command at once: no step is lost, none comes between two halves of another."""
    program = (
        "import sys; from pathlib import Path; from optimizer.host.clock import SystemClock\n"
        "from optimizer.host.journal import Journal, State\n"
        "journal = Journal(Path(sys.argv[1]), SystemClock())\n"
        "for number in range(40): journal.note(sys.argv[2], number, State.DONE)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, path, f"job-{n}"]) for n in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert (journal.verify().rows, journal.verify().broken_at) == (120, None)


def test_a_writer_that_is_killed_leaves_whole_steps(path: Path, journal: Journal) -> None:
    """What it had returned from is on disk, and the chain holds."""
    program = (
        "import sys; from pathlib import Path; from optimizer.host.clock import SystemClock\n"
        "from optimizer.host.journal import Journal, State\n"
        "journal = Journal(Path(sys.argv[1]), SystemClock())\n"
        "number = 0\n"
        "while True:\n    journal.note('job', number, State.DONE); print(number, flush=True); number += 1\n"
    )
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            returned = [writer.stdout.readline() for _ in range(20)]
            writer.kill()
        verified = journal.verify()
        assert verified.broken_at is None
        assert len(journal.of_job("job")) > int(returned[-1])
