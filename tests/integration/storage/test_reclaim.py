"""Temporary files into quarantine, back and away, on a real filesystem with a real journal."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import FencedOutError, NothingInQuarantineError
from optimizer.host.begun import BegunJobs
from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal, State
from optimizer.jobs import Job
from optimizer.options import TempOptions
from optimizer.runner import Change, Report, run
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.reclaim import Part, purge, reclaim, undo
from optimizer.storage.temp.analyze import look
from optimizer.storage.temp.plan import Seen, plan_temp
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job

OLD = 10**18


class Host:
    """A folder in which changes are allowed, and what a worker has for it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.journal = Journal(folder / "state" / "journal.db", SystemClock())
        self.roots = ScanRoots([self.root], setting="HRO_ROOTS")

    def file(self, name: str, content: str = "content") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.setxattr(path, "user.note", b"kept")
        path.chmod(0o640)
        os.utime(path, ns=(OLD, OLD))
        return path

    def temp(self, **options: Any) -> tuple[Job, Report]:
        """Run optimize_temp as if a month had passed: a ctime cannot be set back."""
        job = new_job("optimize_temp", path=str(self.root), **options)
        return job, self.attempt(job)

    def attempt(self, job: Job, fence: int = 1) -> Report:
        return run(job, self.handler(), Listening(), SystemClock(), fence=fence)

    def handler(self) -> Change[list[Seen]]:
        return reclaim([self.part()], Hands(self.roots, self.journal))

    def part(self) -> Part[TempOptions, Seen]:
        return Part(options=TempOptions, look=partial(look, self.roots, Keep(), InAMonth()), plan=plan_temp)

    def undo(self, job: Job) -> Report:
        return self._run(new_job("undo", optimization_id=job.optimization_id), undo(Hands(self.roots, self.journal)))

    def purge(self, job: Job) -> Report:
        return self._run(
            new_job("purge", optimization_id=job.optimization_id), purge(Hands(self.roots, self.journal), SystemClock())
        )

    def _run(self, job: Job, handler: Change[Any]) -> Report:
        return run(job, handler, Listening(), SystemClock())

    def manifest(self) -> dict[str, tuple[object, ...]]:
        """All of each file that an undo has to bring back."""
        found: dict[str, tuple[object, ...]] = {}
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and ".hro-quarantine" not in path.parts:
                s = path.stat()
                facts = (s.st_ino, s.st_mode, s.st_uid, s.st_gid, s.st_mtime_ns, os.getxattr(path, "user.note"))
                found[str(path)] = (*facts, path.read_bytes())
                os.utime(path, ns=(OLD, s.st_mtime_ns))  # we have just read it
        return found


class InAMonth(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(days=30)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_undo_brings_back_an_identical_manifest(host: Host) -> None:
    """Path, inode, owner, mode, attributes, times and content; odd names included."""
    for name in ("a", "deep/er/b", "line\nbreak", "-rf", os.fsdecode(b"latin-\xe9")):
        host.file(name)
    before = host.manifest()
    job, report = host.temp()
    assert (report.result["files_quarantined"], report.result["space_freed_bytes"], host.manifest()) == (5, 0, {})
    assert host.undo(job).result["files_restored"] == 5
    assert host.manifest() == before
    assert host.journal.verify().broken_at is None


def test_a_dry_run_touches_nothing_and_plans_the_same(host: Host) -> None:
    """No file, no folder of ours, no journal."""
    host.file("a")
    before = host.manifest()
    _, planned = host.temp(dry_run=True)
    assert host.manifest() == before
    assert not (host.root / ".hro-quarantine").exists()
    _, applied = host.temp()
    assert planned.plan is not None
    assert applied.plan is not None
    assert [a.target for a in planned.plan.actions] == [a.target for a in applied.plan.actions]


def test_purge_frees_what_the_disk_had_and_cannot_be_undone(host: Host) -> None:
    """Only then are bytes counted as freed."""
    host.file("a", "x" * 100_000)
    job, _ = host.temp()
    result = host.purge(job).result
    assert (result["files_purged"], result["proof"]["accounted_bytes"] >= 100_000) == (1, True)
    with pytest.raises(NothingInQuarantineError):
        host.undo(job)


@pytest.mark.parametrize("change", ["written", "replaced", "read", "made a link", "gone", "in use"])
def test_a_file_whose_ground_has_shifted_is_left_alone(host: Host, change: str) -> None:
    """Between the plan and its action; the reason is told, the rest is done."""
    path, other = host.file("a"), host.file("b")
    job = new_job("optimize_temp", path=str(host.root))
    handler = host.handler()
    plan = handler.plan(job, handler.analyze(job, Listening()))
    user = None
    if change == "written":
        path.write_text("changed")
    elif change == "replaced":
        path.unlink()
        shutil.copy(other, path)
    elif change == "read":
        os.utime(path, ns=(int(InAMonth().now().timestamp() * 10**9), OLD))
    elif change == "made a link":
        path.unlink()
        path.symlink_to(other)
    elif change == "gone":
        path.unlink()
    else:
        user = subprocess.Popen(["tail", "-f", path], stdout=subprocess.PIPE, text=True)
        assert user.stdout is not None
        user.stdout.read(1)
        os.utime(path, ns=(OLD, OLD))
        plan = handler.plan(job, handler.analyze(job, Listening()))
    with handler.hold(job, plan, 1):
        outcomes = [handler.apply(action, Listening()) for action in plan.actions]
    if user:
        user.send_signal(signal.SIGKILL)
        user.communicate()
    assert [outcome.status.value for outcome in outcomes] == ["skipped", "done"], outcomes
    assert outcomes[0].reason
    assert not other.exists()


def test_a_name_that_was_taken_again_is_left_to_its_new_owner(host: Host) -> None:
    """Undo never overwrites; what it could not bring back is still in quarantine."""
    path = host.file("a")
    job, _ = host.temp()
    path.write_text("new")
    left = host.undo(job).result
    assert (left["files_restored"], left["files_left"], path.read_text()) == (0, 1, "new")
    path.unlink()
    assert host.undo(job).result["files_restored"] == 1


def test_a_file_that_was_swapped_in_quarantine_is_not_handed_back(host: Host) -> None:
    """Nor is it deleted in the name of the one that was there."""
    host.file("a")
    job, _ = host.temp()
    place = host.root / ".hro-quarantine" / job.optimization_id / "0"
    place.unlink()
    place.write_text("forged")
    assert host.undo(job).result["files_restored"] == 0
    assert host.purge(job).result["files_purged"] == 0
    assert place.read_text() == "forged"


def test_a_job_killed_at_any_moment_leaves_every_file_whole(host: Host, tmp_path: Path) -> None:
    """Each is where it was or in quarantine with its row, and undo brings all of them back."""
    for number in range(60):
        host.file(f"f{number:03}")
    before = host.manifest()
    program = (
        "import sys; from pathlib import Path; from tests.integration.storage.test_reclaim import *\n"
        "host = Host.__new__(Host); folder = Path(sys.argv[1]); host.root = folder / 'root'\n"
        "host.journal = Journal(folder / 'state' / 'journal.db', SystemClock())\n"
        "host.roots = ScanRoots([host.root], setting='HRO_ROOTS')\n"
        "print('go', flush=True); host.temp()\n"
    )
    root = Path(__file__).parents[3]
    for moment in range(8):
        with subprocess.Popen([sys.executable, "-c", program, tmp_path], cwd=root, stdout=subprocess.PIPE) as killed:
            assert killed.stdout is not None
            killed.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                killed.wait(timeout=0.01 + moment * 0.004)
            killed.kill()
    host.temp(days_old=36_500)  # takes nothing; the next changing job finishes what the dead ones left
    jobs = {entry.optimization_id for entry in host.journal.in_state(State.QUARANTINED)}
    assert host.journal.in_state(State.INTENDED) == []
    assert len(host.journal.in_state(State.QUARANTINED)) == 60 - len(host.manifest())
    for optimization_id in jobs:
        host.undo(new_job("optimize_temp").model_copy(update={"optimization_id": optimization_id}))
    assert host.manifest() == before


ATTEMPT = (
    "import sys; from pathlib import Path; from tests.integration.storage.test_reclaim import *\n"
    "host = Host.__new__(Host); folder = Path(sys.argv[1]); host.root = folder / 'root'\n"
    "host.journal = Journal(folder / 'state' / 'journal.db', SystemClock())\n"
    "host.roots = ScanRoots([host.root], setting='HRO_ROOTS')\n"
    "job = Job.model_validate_json(sys.argv[2])\n"
    "host.attempt(job, int(sys.argv[3]))\n"
)


def second_process(folder: Path, job: Job, fence: int) -> "subprocess.Popen[bytes]":
    """An attempt at the job in a process of its own."""
    command = [sys.executable, "-c", ATTEMPT, str(folder), job.model_dump_json(), str(fence)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[3])


def test_a_second_attempt_goes_on_where_the_first_one_died(host: Host, tmp_path: Path) -> None:
    """By the same plan: its receipt counts all that was done, and all of it can be undone under the one id."""
    for number in range(300):
        host.file(f"f{number:03}")
    before = host.manifest()
    job = new_job("optimize_temp", path=str(host.root))
    for fence in range(1, 4):
        with second_process(tmp_path, job, fence) as killed:
            while len(host.journal.of_job(job.optimization_id)) < fence * 60:
                assert killed.poll() is None
            killed.kill()
    host.file("younger than the plan")
    report = host.attempt(job, 4)
    assert report.result["files_quarantined"] == 300
    assert [entry.number for entry in host.journal.in_state(State.QUARANTINED)] == list(range(300))
    (host.root / "younger than the plan").unlink()
    assert host.undo(job).result["files_restored"] == 300
    assert host.manifest() == before


def test_an_attempt_that_died_before_its_end_was_recorded_counts(host: Host) -> None:
    """It had done everything: the next one has nothing left to do, and tells what was done."""
    host.file("a")
    job, first = host.temp()
    second = host.attempt(job, 2)
    assert (second.result["files_quarantined"], second.plan) == (1, first.plan)
    begun = BegunJobs(host.journal.file)
    begun.end(job.optimization_id)
    assert begun.plan_of(job.optimization_id) is None


def test_an_attempt_that_was_stopped_is_ended_by_the_next(host: Host, tmp_path: Path) -> None:
    """It holds the lock of its root, and would go on where it was; what it had done counts."""
    for number in range(300):
        host.file(f"f{number:03}")
    job = new_job("optimize_temp", path=str(host.root))
    with second_process(tmp_path, job, 1) as stopped:
        while len(host.journal.of_job(job.optimization_id)) < 20:
            assert stopped.poll() is None
        stopped.send_signal(signal.SIGSTOP)
        patient = Hands(host.roots, host.journal, patience_seconds=30)
        report = run(job, reclaim([host.part()], patient), Listening(), SystemClock(), fence=2)
        assert stopped.wait(timeout=30) == -signal.SIGKILL
    assert report.result["files_quarantined"] == 300
    with pytest.raises(FencedOutError):
        host.attempt(job, 1)


def test_what_cannot_be_settled_keeps_no_other_file_waiting(host: Host, tmp_path: Path) -> None:
    """An intent in a root that somebody has spoilt stays one, and a job in another root does its work."""
    host.file("old")
    spoilt, _ = host.temp()
    host.journal.note(spoilt.optimization_id, 0, State.PURGING)
    (host.root / ".hro-quarantine" / spoilt.optimization_id).chmod(0o755)
    first, host.root = host.root, tmp_path / "other"
    host.root.mkdir()
    host.roots = ScanRoots([first, host.root], setting="HRO_ROOTS")
    host.file("older")
    _, report = host.temp()
    assert (report.result["files_quarantined"], report.result["files_left"]) == (1, 0)
    assert [entry.optimization_id for entry in host.journal.in_state(State.PURGING)] == [spoilt.optimization_id]
