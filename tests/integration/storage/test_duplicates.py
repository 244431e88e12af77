"""Copies replaced on real filesystems: shared blocks, further names, quarantine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from optimizer.hashing.local_cache import NullHashCache
from optimizer.host.clock import SystemClock
from optimizer.host.fiemap import shared_bytes
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal, State
from optimizer.jobs import Job
from optimizer.options import DuplicatesOptions
from optimizer.plans import Plan
from optimizer.runner import Change, Report, run
from optimizer.storage.duplicates.copies import look
from optimizer.storage.duplicates.plan import plan_duplicates
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.reclaim import Part, purge, reclaim, undo
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.filesystems import mounted

OLD = 10**18


class Host:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir(exist_ok=True)
        self.journal = Journal(folder / "state" / "journal.db", SystemClock())
        self.roots = ScanRoots([self.root], setting="HRO_ROOTS")
        self.hands = Hands(self.roots, self.journal)

    def file(self, name: str, content: bytes = b"x" * 100_000) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o640)
        os.utime(path, ns=(OLD, OLD + len(list(self.root.rglob("*")))))
        return path

    def handler(self) -> Change[Any]:
        seeing = partial(look, self.roots, Keep(), NullHashCache())
        return reclaim([Part(options=DuplicatesOptions, look=seeing, plan=plan_duplicates)], self.hands)

    def planned(self, **options: Any) -> tuple[Job, Plan]:
        job = new_job("optimize_duplicates", path=str(self.root), **options)
        handler = self.handler()
        return job, handler.plan(job, handler.analyze(job, Listening()))

    def dedupe(self, **options: Any) -> tuple[Job, Report]:
        job = new_job("optimize_duplicates", **{"path": str(self.root), **options})
        return job, self.run(job, self.handler())

    def undo(self, job: Job) -> Report:
        return self.run(new_job("undo", optimization_id=job.optimization_id), undo(self.hands))

    def purge(self, job: Job) -> Report:
        return self.run(new_job("purge", optimization_id=job.optimization_id), purge(self.hands, SystemClock()))

    def run(self, job: Job, handler: Change[Any]) -> Report:
        return run(job, handler, Listening(), SystemClock())

    def manifest(self) -> dict[str, tuple[object, ...]]:
        """All that anybody can see of each file; the inode too."""
        found: dict[str, tuple[object, ...]] = {}
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and ".hro-quarantine" not in path.parts:
                s = path.stat()
                found[str(path)] = (
                    s.st_ino,
                    s.st_mode,
                    s.st_uid,
                    s.st_gid,
                    s.st_nlink,
                    s.st_mtime_ns,
                    path.read_bytes(),
                )
        return found


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture(params=["btrfs", "xfs"])
def sharing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """On a filesystem with reflinks."""
    with mounted(request.param, tmp_path, 400) as disk:
        yield Host(disk)


@pytest.mark.parametrize("action", ["hard_link", "quarantine"])
def test_copies_go_and_come_back(host: Host, action: str) -> None:
    """All that can be seen of any file is afterwards what it was before, to the inode."""
    names = [host.file(name) for name in ("a", "sub/b", "line\nbreak")]
    names.append(host.root / "c")
    os.link(names[1], names[3])
    host.file("other", b"y" * 100_000)
    before = host.manifest()
    job, report = host.dedupe(action=action)
    assert (report.result["files_quarantined"], report.result["files_left"]) == (3, 0)
    assert report.result["quarantined_bytes"] == 2 * (host.root / "other").stat().st_blocks * 512  # c is b
    if action == "hard_link":
        assert {path.stat().st_ino for path in names} == {before[str(names[2])][0]}
        assert {path.read_bytes() for path in names} == {b"x" * 100_000}
    else:
        assert [path.exists() for path in names] == [False, False, True, False]
    assert host.undo(job).result["files_restored"] == 3
    assert host.manifest() == before


def test_a_purged_copy_is_freed_and_the_other_stays(host: Host) -> None:
    """Only then are its bytes counted."""
    host.file("a")
    host.file("b")
    job, report = host.dedupe(action="hard_link")
    assert report.result["proof"]["accounted_bytes"] == 0
    assert host.purge(job).result["proof"]["accounted_bytes"] >= 100_000
    assert (host.root / "a").stat().st_nlink == 2


@pytest.mark.parametrize("action", ["hard_link", "quarantine", "reflink"])
@pytest.mark.parametrize("changed", ["copy", "kept"])
def test_a_file_that_is_not_equal_any_more_is_left(host: Host, action: str, changed: str) -> None:
    """Though size and time of change are as they were planned: the bytes are compared at the moment of the change."""
    copy, kept = host.file("a"), host.file("b")
    _, plan = host.planned(action="hard_link")
    path = {"copy": copy, "kept": kept}[changed]
    times = path.stat()
    path.write_bytes(b"x" * 99_999 + b"z")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    forged = tuple(
        action_.model_copy(
            update={"type": {"quarantine": "redundant"}.get(action, action), "relied_on": _forge(action_.relied_on)}
        )
        for action_ in plan.actions
    )
    before = host.manifest()
    with host.hands.hold(new_job(), Plan(actions=forged), 1):
        outcomes = [host.hands.apply(action_, Listening()) for action_ in forged]
    assert [outcome.code for outcome in outcomes] == [{"reflink": "unavailable"}.get(action, "stale")]
    assert host.manifest() == before
    assert host.journal.in_state(State.INTENDED) == []


def _forge(relied_on: Any) -> dict[str, Any]:
    """As if the filesystem had not noted that the file was changed."""
    return {name: value for name, value in relied_on.items() if name != "ctime_ns"}


@pytest.mark.parametrize(("name", "reason"), [("a", "Another process"), ("b", "The copy that stays: Another process")])
def test_where_one_of_both_is_open_the_copy_is_left(host: Host, name: str, reason: str) -> None:
    """Whoever reads it would go on with the file that goes; and the reason says which of both it is."""
    host.file("a")
    host.file("b")
    with (host.root / name).open():
        _, report = host.dedupe(action="hard_link")
    (outcome,) = report.result["outcomes"]
    assert (outcome["code"], outcome["reason"]) == ("in_use", f"{reason} has it open or mapped.")


def test_a_link_that_was_replaced_is_not_undone(host: Host) -> None:
    """What took its place is somebody's."""
    path = host.file("a")
    host.file("b")
    job, _ = host.dedupe(action="hard_link")
    path.unlink()
    path.write_text("new")
    assert host.undo(job).result["files_restored"] == 0
    assert path.read_text() == "new"
    path.unlink()
    assert host.undo(job).result["files_restored"] == 1
    assert path.read_bytes() == b"x" * 100_000


KILLED = (
    "import sys; from pathlib import Path; from tests.integration.storage.test_duplicates import *\n"
    "Host(Path(sys.argv[1])).dedupe(action='hard_link')\n"
)


def test_a_job_killed_at_any_moment_leaves_every_file_whole(host: Host) -> None:
    """Each name has its content at each moment; undo brings back what was linked."""
    for number in range(60):
        host.file(f"f{number:03}")
    before = host.manifest()
    for wanted in (5, 20, 40):
        command = [sys.executable, "-c", KILLED, str(host.root.parent)]
        with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as killed:
            while len(host.journal.in_state(State.QUARANTINED)) < wanted:
                assert killed.poll() is None
            killed.kill()
        assert {path.read_bytes() for path in host.root.glob("f*")} == {b"x" * 100_000}
        assert len(list(host.root.glob("f*"))) == 60
    host.run(new_job("purge", older_than_days=1000), purge(host.hands, SystemClock()))
    assert host.journal.in_state(State.INTENDED) == []
    for optimization_id in {entry.optimization_id for entry in host.journal.in_state(State.QUARANTINED)}:
        host.undo(new_job().model_copy(update={"optimization_id": optimization_id}))
    assert host.manifest() == before


def test_blocks_are_shared_and_nothing_else_changes(sharing: Host) -> None:
    """What statvfs shows is what is told; a second run finds nothing more to do."""
    size = 32 * 1024 * 1024
    content = os.urandom(size)
    for name in ("a", "b"):
        sharing.file(name, content)
    before = sharing.manifest()
    _, report = sharing.dedupe()
    assert sharing.manifest() == before
    assert report.result["proof"]["verdict"] == "proven", report.result["proof"]
    assert abs(report.result["space_freed_bytes"] - size) < size // 50
    with (sharing.root / "a").open("rb") as file:
        assert shared_bytes(file.fileno()) >= size
    _, again = sharing.dedupe()
    assert (again.result["verdict"], "share all" in again.result["notes"][0]) == ("nothing_to_do", True)


def test_a_file_changed_after_planning_is_not_shared(sharing: Host) -> None:
    """The kernel compares under lock, whatever the plan says of times."""
    copy = sharing.file("a")
    sharing.file("b")
    _, plan = sharing.planned()
    times = copy.stat()
    copy.write_bytes(b"x" * 99_999 + b"z")
    os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
    forged = tuple(action.model_copy(update={"relied_on": _forge(action.relied_on)}) for action in plan.actions)
    with sharing.hands.hold(new_job(), plan, 1):
        asked = [sharing.hands.apply(action, Listening()).code for action in (*plan.actions, *forged)]
    assert asked == ["stale", "stale"]
    assert copy.read_bytes()[-1:] == b"z"


def test_where_blocks_cannot_be_shared_nothing_is_done_instead(tmp_path: Path) -> None:
    """On ext4: the plan says so, and what else could be asked for."""
    with mounted("ext4", tmp_path, 50) as disk:
        host = Host(disk)
        host.file("a")
        host.file("b")
        _, report = host.dedupe()
        assert (report.result["verdict"], "hard_link or quarantine" in report.result["notes"][0]) == (
            "nothing_to_do",
            True,
        )
