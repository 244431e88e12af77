"""A disk that fails in the middle, a filesystem that becomes read-only, a root that goes: no file is lost."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optimizer.host.clock import SystemClock
from optimizer.host.journal import Journal, State
from optimizer.storage.hands import Hands
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.filesystems import mounted
from tests.integration.storage.test_duplicates import Host

#: The first flush is of the new quarantine, without which no job begins; with two files, none has more than these
FLUSHES = range(2, 8)


@contextmanager
def failing_flush(number: int) -> Iterator[list[int]]:
    """The fsync(2) of that number fails as on a broken disk; so do those after it. Gives what was flushed."""
    real, flushed = os.fsync, list[int]()

    def fsync(descriptor: int) -> None:
        flushed.append(descriptor)
        if len(flushed) >= number:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield flushed


@pytest.mark.parametrize("number", FLUSHES)
@pytest.mark.parametrize("action", ["hard_link", "quarantine"])
def test_a_disk_that_fails_at_any_flush_loses_no_file(tmp_path: Path, action: str, number: int) -> None:
    """What the journal says of each file is what happened to it: undo brings back all, to the inode."""
    host = Host(tmp_path)
    for name in ("a", "b", "c"):
        host.file(name)
    before = host.manifest()
    with failing_flush(number):
        host.dedupe(action=action)
    _settle(host)
    _undo_all(host)
    assert host.manifest() == before
    assert list((host.root / ".hro-quarantine").rglob("*")) == []


def _settle(host: Host) -> None:
    """Any job that changes something finishes what others left."""
    (host.root / "elsewhere").mkdir()
    host.file("elsewhere/a", b"y" * 5000)
    host.file("elsewhere/b", b"y" * 5000)
    job = new_job("optimize_duplicates", path=str(host.root / "elsewhere"), action="hard_link")
    host.run(job, host.handler())
    host.undo(job)
    assert host.journal.in_state(State.INTENDED) == []
    for name in ("a", "b"):
        (host.root / "elsewhere" / name).unlink()


def _undo_all(host: Host) -> None:
    for one in {entry.optimization_id for entry in host.journal.in_state(State.QUARANTINED)}:
        host.undo(new_job().model_copy(update={"optimization_id": one}))


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("action", ["hard_link", "quarantine"])
def test_a_disk_that_fails_while_files_come_back_loses_none(tmp_path: Path, action: str, number: int) -> None:
    """What came back is told so, and the rest comes back when it is asked for again."""
    host = Host(tmp_path)
    for name in ("a", "b", "c"):
        host.file(name)
    before = host.manifest()
    job, _ = host.dedupe(action=action)
    with failing_flush(number):
        host.undo(job)
    _settle(host)
    _undo_all(host)
    assert host.manifest() == before
    assert [entry.state for entry in host.journal.of_job(job.optimization_id)] == [State.RESTORED] * 2


@pytest.mark.parametrize("number", range(1, 4))
def test_a_disk_that_fails_while_files_are_purged_tells_what_is_gone(tmp_path: Path, number: int) -> None:
    """What is still there can be purged or brought back, and nothing is said of the rest but that it is gone."""
    host = Host(tmp_path)
    for name in ("a", "b", "c"):
        host.file(name)
    job, _ = host.dedupe(action="quarantine")
    with failing_flush(number):
        host.purge(job)
    waiting = len(list((host.root / ".hro-quarantine").rglob("?")))
    _settle(host)
    states = [entry.state for entry in host.journal.of_job(job.optimization_id)]
    assert sorted(states) == [State.PURGED] * (2 - waiting) + [State.QUARANTINED] * waiting


def test_a_purge_that_a_read_only_disk_refuses_can_be_followed_by_an_undo(tmp_path: Path) -> None:
    """At once: the file is in quarantine still, and is said to be."""
    with mounted("ext4", tmp_path, 50) as disk:
        host = Host(disk)
        host.journal = Journal(tmp_path / "journal.db", SystemClock())
        host.hands = Hands(host.roots, host.journal)
        host.file("a")
        host.file("b")
        before = host.manifest()
        job, _ = host.dedupe(action="hard_link")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for refused in (host.purge(job), host.undo(job)):
            assert [outcome["code"] for outcome in refused.result["outcomes"]] == ["EROFS"]
        host.purge(job)
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert host.undo(job).result["files_restored"] == 1
        assert host.manifest() == before


def test_a_root_that_goes_in_the_middle_takes_its_quarantine_along(tmp_path: Path) -> None:
    """The rest is left; nothing is done in a new folder of the old name; once it is back, so are its files."""
    host = Host(tmp_path)
    for name in ("a", "b", "c"):
        host.file(name)
    before = host.manifest()
    job, plan = host.planned(action="quarantine")
    with host.hands.hold(job, plan, 1):
        first = host.hands.apply(plan.actions[0], Listening())
        host.root.rename(tmp_path / "away")
        host.root.mkdir()
        second = host.hands.apply(plan.actions[1], Listening())
    assert (first.status.value, second.code) == ("done", "ENOENT")
    assert host.undo(job).result["files_restored"] == 0
    shutil.rmtree(host.root)
    (tmp_path / "away").rename(host.root)
    assert host.undo(job).result["files_restored"] == 1
    assert host.manifest() == before
