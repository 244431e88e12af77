"""What users of other tools lost when files were replaced, linked or deleted; docs/reports.md has the list."""

import os
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from optimizer.options import TempOptions
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.reclaim import Part, reclaim
from optimizer.storage.temp.analyze import look
from optimizer.storage.temp.plan import plan_temp
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.filesystems import mounted
from tests.integration.storage import test_duplicates as duplicates
from tests.integration.storage import test_reclaim as temporary

MIB = 1024 * 1024
#: Names that one file may have on ext4; see EXT4_LINK_MAX
MOST_NAMES = 65_000


@pytest.fixture
def copies(tmp_path: Path) -> duplicates.Host:
    return duplicates.Host(tmp_path)


@pytest.fixture
def temp(tmp_path: Path) -> temporary.Host:
    return temporary.Host(tmp_path)


WATCH = """
import os, sys
absent = 0
print("go", flush=True)
while os.getppid() == int(sys.argv[1]):
    for path in sys.argv[2:]:
        absent += not os.path.lexists(path)
    if os.path.exists(sys.argv[2] + ".end"):
        break
print(absent)
"""


def test_rdfind_104_a_name_is_never_free(copies: duplicates.Host) -> None:
    """Another process that looks all the time finds each name, as it becomes a link and as it comes back."""
    paths = [copies.file(f"{number:03}") for number in range(100)]
    command = [sys.executable, "-c", WATCH, str(os.getpid()), *map(str, paths)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        watcher.stdout.readline()
        job, report = copies.dedupe(action="hard_link")
        undone = copies.undo(job)
        (copies.root / "000.end").touch()
        absent = watcher.communicate()[0]
    assert (report.result["files_quarantined"], undone.result["files_restored"], absent) == (99, 99, "0\n")


def test_czkawka_253_688_1188_a_link_that_cannot_be_made_costs_no_file(tmp_path: Path) -> None:
    """The file that stays has as many names as it can have: the copy is where it was."""
    with mounted("ext4", tmp_path, 50) as disk:
        host = duplicates.Host(disk)
        copy, kept = host.file("a"), host.file("b")
        job, plan = host.planned(action="hard_link")
        (disk / "names").mkdir()
        for number in range(MOST_NAMES - 1):
            os.link(kept, disk / "names" / str(number))
        with host.hands.hold(job, plan, 1):
            outcome = host.hands.apply(plan.actions[0], Listening())
        assert (outcome.status.value, outcome.code) == ("skipped", "EMLINK")
        assert (copy.read_bytes() == kept.read_bytes(), copy.stat().st_nlink) == (True, 1)
        assert list((host.root / ".hro-quarantine").rglob("*")) == []


@pytest.mark.parametrize("action", ["hard_link", "quarantine"])
def test_rdfind_5_a_copy_on_another_device_stays(tmp_path: Path, action: str) -> None:
    """Neither linked nor deleted: another filesystem is not entered."""
    host = duplicates.Host(tmp_path)
    host.file("a")
    with mounted("ext4", host.root, 10) as disk:
        (disk / "b").write_bytes(b"x" * 100_000)
        before = host.manifest()
        _, report = host.dedupe(action=action)
        assert (report.result["verdict"], host.manifest()) == ("nothing_to_do", before)


def test_rdfind_35_75_108_109_one_run_is_enough(copies: duplicates.Host) -> None:
    """Where copies had several names before; the second run has nothing left to do."""
    paths = [copies.file(name) for name in ("a", "b")]
    for path in list(paths):
        for number in range(3):
            paths.append(path.with_name(f"{path.name}{number}"))
            os.link(path, paths[-1])
    copies.dedupe(action="hard_link")
    assert len({path.stat().st_ino for path in paths}) == 1
    assert copies.dedupe(action="hard_link")[1].result["verdict"] == "nothing_to_do"


@pytest.mark.parametrize("action", ["hard_link", "quarantine"])
def test_rmlint_567_util_linux_4565_holes_take_no_space(copies: duplicates.Host, action: str) -> None:
    """Files that are one large hole are equal, and there is nothing to be saved."""
    for name in ("a", "b"):
        os.truncate(copies.file(name, b""), 4 * MIB)
    _, report = copies.dedupe(action=action)
    assert (report.result["verdict"], "take no space" in report.result["notes"][0]) == ("nothing_to_do", True)


@pytest.mark.parametrize("kind", ["btrfs", "xfs"])
def test_rmlint_354_590_what_is_shared_is_not_offered_again(tmp_path: Path, kind: str) -> None:
    """Though the file has holes, and more pieces than the kernel tells of at once."""
    with mounted(kind, tmp_path, 400) as disk:
        host = duplicates.Host(disk)
        content = random.Random(1)
        path = host.file("a", b"")
        with path.open("r+b") as file:
            for number in range(200):
                file.seek(number * 128 * 1024)
                file.write(content.randbytes(64 * 1024))
        host.file("b", path.read_bytes())
        subprocess.run(["cp", "--reflink=always", path, host.root / "c"], check=True)
        host.dedupe()
        assert host.dedupe()[1].result["verdict"] == "nothing_to_do"


def test_rmlint_386_sizes_have_64_bits(temp: temporary.Host) -> None:
    """A file of more than 4 GiB goes and comes back with its size to the byte."""
    path = temp.file("a", "")
    size = 2**33 + 1
    os.truncate(path, size)
    os.utime(path, ns=(temporary.OLD, temporary.OLD))
    job, report = temp.temp()
    assert report.result["files_quarantined"] == 1
    assert temp.undo(job).result["files_restored"] == 1
    assert path.stat().st_size == size


def test_rmlint_711_a_link_to_a_copy_still_leads_to_its_content(copies: duplicates.Host) -> None:
    """Its name is never free, and its content the same."""
    copy, kept = copies.file("a"), copies.file("b")
    link = copies.root / "link"
    link.symlink_to(copy)
    copies.dedupe(action="hard_link")
    assert (copy.samefile(kept), link.is_symlink(), link.read_bytes()) == (True, True, b"x" * 100_000)


def test_systemd_30361_only_at_boot_means_not_now(temp: temporary.Host, tmp_path: Path) -> None:
    """A line of tmpfiles.d keeps what it names, and the plan names the line."""
    temp.file("state.1")
    temp.file("other")
    folder = tmp_path / "tmpfiles.d"
    folder.mkdir()
    (folder / "program.conf").write_text(f"r! {temp.root}/state.*\n")
    seeing = partial(look, temp.roots, Keep(), temporary.InAMonth(), tmpfiles_d=[folder])
    handler = reclaim([Part(options=TempOptions, look=seeing, plan=plan_temp)], Hands(temp.roots, temp.journal))
    job = new_job("optimize_temp", path=str(temp.root))
    plan = handler.plan(job, handler.analyze(job, Listening()))
    assert [action.target["path"] for action in plan.actions] == [str(temp.root / "other")]
    assert f"r! {temp.root}/state.*" in plan.notes[0]


def test_bleachbit_385_1889_a_link_is_not_followed(temp: temporary.Host, tmp_path: Path) -> None:
    """Neither one to a file nor one to a folder: what they lead to is not planned, and stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("content")
    for name, target in (("folder", outside), ("file", outside / "file")):
        (temp.root / name).symlink_to(target)
        os.utime(temp.root / name, ns=(temporary.OLD, temporary.OLD), follow_symlinks=False)
    temp.file("old")
    job, report = temp.temp()
    assert report.result["files_quarantined"] == 1
    assert temp.purge(job).result["files_purged"] == 1
    assert (outside / "file").read_text() == "content"
