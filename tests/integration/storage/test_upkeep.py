"""What a storage worker does unasked."""

from datetime import timedelta
from pathlib import Path

import pytest

from optimizer.host.clock import SystemClock
from optimizer.host.journal import Journal, State
from optimizer.runner import run
from optimizer.storage.hands import Hands
from optimizer.storage.reclaim import purge
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening
from tests.integration.conftest import Store
from tests.integration.storage.test_reclaim import Host, InAMonth
from workers.upkeep import Upkeep

WEEK = timedelta(days=7).total_seconds()
TARGET = {"root": {"path": "/srv"}, "path": "/srv/a"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal(tmp_path: Path, clock: FakeClock) -> Journal:
    return Journal(tmp_path / "journal.db", clock)


@pytest.fixture
def upkeep(store: Store, journal: Journal, clock: FakeClock) -> Upkeep:
    return Upkeep("here", 7, store.jobs, journal, frozenset({b"/srv"}), clock)


def test_nothing_is_submitted_where_nothing_is_to_be_done(upkeep: Upkeep, journal: Journal, clock: FakeClock) -> None:
    """Not while files may still be undone, nor for a job that has just begun."""
    journal.note("job", 0, State.QUARANTINED, allocated_bytes=1, target=TARGET)
    journal.note("job", 1, State.INTENDED, target=TARGET)
    clock.move(30)
    assert upkeep.submit_if_needed() is None


def test_what_waited_for_its_time_is_purged(upkeep: Upkeep, journal: Journal, store: Store, clock: FakeClock) -> None:
    """By a signed job on the host's own queue."""
    journal.note("job", 0, State.QUARANTINED, allocated_bytes=1, target=TARGET)
    clock.move(WEEK + 1)
    submitted = upkeep.submit_if_needed()
    assert submitted
    job = store.jobs.get(submitted).job
    assert (job.kind, job.host, job.queue, dict(job.options)) == (
        "purge", "here", "storage.here", {"older_than_days": 7}
    )  # fmt: skip


def test_what_a_crash_left_is_finished(upkeep: Upkeep, journal: Journal, clock: FakeClock) -> None:
    """Any changing job does it before it begins, so one is submitted."""
    journal.note("job", 0, State.RESTORING, target=TARGET)
    clock.move(61)
    assert upkeep.submit_if_needed()


def test_only_what_is_old_enough_goes(tmp_path: Path) -> None:
    """Whatever jobs moved it there."""
    host = Host(tmp_path)
    host.file("a")
    host.temp()
    host.file("b")
    host.temp()
    upkeep = Upkeep("here", 30, None, host.journal, frozenset(), InAMonth())  # type: ignore[arg-type]  # nothing is submitted
    kept = run(upkeep.job(), purge(Hands(host.roots, host.journal), SystemClock()), Listening(), SystemClock())
    assert (kept.result["verdict"], kept.result["files_purged"]) == ("nothing_to_do", 0)
    gone = run(upkeep.job(), purge(Hands(host.roots, host.journal), InAMonth()), Listening(), SystemClock())
    assert gone.result["files_purged"] == 2


def test_what_waits_in_a_root_that_is_none_any_more_is_let_be(
    upkeep: Upkeep, journal: Journal, clock: FakeClock
) -> None:
    """No purge could reach it, and one would be submitted each hour for ever."""
    journal.note("job", 0, State.QUARANTINED, allocated_bytes=1, target={"root": {"path": "/gone"}, "path": "/gone/a"})
    clock.move(WEEK + 1)
    assert upkeep.submit_if_needed() is None
