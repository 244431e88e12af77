"""Copies that come to share their blocks, where the filesystem has its own idea of where a file lies."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from optimizer.errors import CancelledError, NothingInQuarantineError
from optimizer.host.journal import State
from optimizer.runner import Report, run
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.filesystems import mounted
from tests.integration.storage.test_duplicates import Host

MIB = 1024 * 1024


@pytest.fixture(params=["btrfs", "xfs"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    with mounted(request.param, tmp_path, 400) as disk:
        yield Host(disk)


def made(host: Host, *names: str, size: int = 4 * MIB) -> list[Path]:
    content = os.urandom(size)
    return [host.file(name, content) for name in names]


def verdict(report: Report) -> str:
    return str(report.result["verdict"])


def test_a_third_copy_joins_the_two_that_share(host: Host) -> None:
    """It is the one that gives its blocks back, though it is the newest, and the rule says that the newest stays."""
    paths = made(host, "a", "b")
    host.dedupe()
    third = host.file("c", paths[0].read_bytes())
    job, report = host.dedupe()
    assert [entry.facts["target"]["path"] for entry in host.journal.of_job(job.optimization_id)] == [str(third)]
    assert report.result["proof"]["accounted_bytes"] == 4 * MIB
    assert verdict(host.dedupe()[1]) == "nothing_to_do"


def test_two_pairs_that_share_become_four(host: Host) -> None:
    """The blocks of the second pair are free when its last file has left them, and are counted then, once."""
    content = os.urandom(4 * MIB)
    pairs = [[host.file(f"{folder}/{name}", content) for name in ("a", "b")] for folder in ("one", "two")]
    for pair in pairs:
        host.dedupe(path=str(pair[0].parent))
    before = host.manifest()
    _, report = host.dedupe()
    assert (len(report.result["outcomes"]), report.result["proof"]["accounted_bytes"]) == (2, 4 * MIB)
    assert host.manifest() == before
    assert verdict(host.dedupe()[1]) == "nothing_to_do"


def _zeros(path: Path) -> None:
    """Blocks with zeros in them."""
    with path.open("r+b") as file:
        file.write(b"x" * MIB + bytes(MIB) + b"x" * MIB)


def _hole(path: Path) -> None:
    """The same content, without blocks for the zeros."""
    with path.open("r+b") as file:
        file.write(b"x" * MIB)
        file.seek(2 * MIB)
        file.write(b"x" * MIB)


def _reserved(path: Path) -> None:
    """The same content, with blocks for it that were never written."""
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, 3 * MIB)
    _hole(path)


@pytest.mark.parametrize("first", [_zeros, _hole, _reserved])
@pytest.mark.parametrize("second", [_zeros, _hole, _reserved])
def test_however_zeros_are_kept_one_run_is_enough(
    host: Host, first: Callable[[Path], None], second: Callable[[Path], None]
) -> None:
    """Blocks that hold nothing can be shared with nobody; what is counted is what statvfs shows."""
    for name, fill in (("a", first), ("b", second)):
        fill(host.file(name, b""))
    before = host.manifest()
    _, report = host.dedupe()
    assert (report.result["proof"]["verdict"], host.manifest()) == ("proven", before), report.result
    assert verdict(host.dedupe()[1]) == "nothing_to_do"


def test_what_lies_inside_the_trees_of_btrfs_is_left(tmp_path: Path) -> None:
    """Small content has no blocks there that could be shared."""
    with mounted("btrfs", tmp_path, 120) as disk:
        host = Host(disk)
        made(host, "a", "b", size=100)
        _, report = host.dedupe()
        assert (verdict(report), "so small" in report.result["notes"][0]) == ("nothing_to_do", True)


def test_an_xfs_without_reflinks_says_so_before_it_is_read(tmp_path: Path) -> None:
    """Nothing was hashed, nothing is planned, and the other actions are named."""
    with mounted("xfs", tmp_path, 400, "-m", "reflink=0,rmapbt=0") as disk:
        host = Host(disk)
        made(host, "a", "b")
        listening = Listening()
        report = run(new_job("optimize_duplicates", path=str(host.root)), host.handler(), listening, FakeClock())
        assert (verdict(report), "hard_link or quarantine" in report.result["notes"][0]) == ("nothing_to_do", True)
        assert {row.get("phase") for row in listening.reports} <= {"walk", None}


class Meanwhile(Listening):
    """Does something at each report."""

    def __init__(self, does: Callable[[], None]) -> None:
        super().__init__()
        self.does = does

    def report(self, **counts: int | str) -> None:
        super().report(**counts)
        self.does()


def test_a_job_that_is_cancelled_in_the_middle_of_a_file_can_be_run_again(host: Host) -> None:
    """What was shared by then is noted as freed, and stays; the next job shares the rest."""
    made(host, "a", "b", size=40 * MIB)
    before = host.manifest()
    job, plan = host.planned()

    def cancel() -> None:
        raise CancelledError

    with host.hands.hold(job, plan, 1), pytest.raises(CancelledError):
        host.hands.apply(plan.actions[0], Meanwhile(cancel))
    (entry,) = host.journal.of_job(job.optimization_id)
    assert (entry.state, 0 < entry.facts["freed_bytes"] < 40 * MIB) == (State.DONE, True)
    _, report = host.dedupe()
    assert report.result["proof"]["accounted_bytes"] == 40 * MIB - entry.facts["freed_bytes"]
    assert host.manifest() == before


def test_who_wants_a_large_file_does_not_wait_for_all_of_it(host: Host) -> None:
    """The work ends where it is, and says what it came to."""
    path = made(host, "a", "b", size=40 * MIB)[0]
    job, plan = host.planned()

    def want() -> None:
        with suppress(BlockingIOError):
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))

    with host.hands.hold(job, plan, 1):
        outcome = host.hands.apply(plan.actions[0], Meanwhile(want))
    assert (outcome.status.value, "opened it meanwhile" in outcome.reason) == ("failed", True)
    assert 0 < outcome.measured["freed_bytes"] < 40 * MIB


@pytest.mark.parametrize("action", ["hard_link", "quarantine"])
def test_a_file_whose_rights_were_changed_after_planning_is_left(tmp_path: Path, action: str) -> None:
    """Also one with several names, of which the time of the change is no fact to rely on."""
    host = Host(tmp_path)
    copy, _ = host.file("a"), host.file("b")
    os.link(copy, host.root / "c")
    job, plan = host.planned(action=action)
    copy.chmod(0o600)
    with host.hands.hold(job, plan, 1):
        outcomes = [host.hands.apply(action, Listening()) for action in plan.actions]
    assert [outcome.code for outcome in outcomes] == ["stale", "stale"]


def test_a_link_that_was_written_to_is_not_undone(tmp_path: Path) -> None:
    """What was written there since would vanish from under that name. Once it is moved away, the copy comes back."""
    host = Host(tmp_path)
    path = host.file("a")
    host.file("b")
    job, _ = host.dedupe(action="hard_link")
    path.write_text("new")
    assert host.undo(job).result["outcomes"][0]["code"] == "stale"
    path.rename(host.root / "moved")
    assert host.undo(job).result["files_restored"] == 1
    assert (path.read_bytes(), (host.root / "moved").read_text()) == (b"x" * 100_000, "new")


def test_what_shares_blocks_needs_no_undo(host: Host) -> None:
    """An undo ends well, says so, and changes nothing; what is meant is the sharing, not a quarantine."""
    made(host, "a", "b")
    job, _ = host.dedupe()
    before = host.manifest()
    report = host.undo(job)
    assert verdict(report) == "nothing_to_do"
    assert report.plan is not None
    assert report.plan.notes == (
        "1 files share their blocks with a copy. Content and names are as they were: that needs no undo.",
    )
    assert host.manifest() == before
    with pytest.raises(NothingInQuarantineError):
        host.purge(job)
