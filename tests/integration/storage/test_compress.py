"""Cold files into compressed ones and back, on a real filesystem with a real journal."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from optimizer.host.journal import State
from tests.conftest import missing
from tests.packing import OLD, PackingHost, applied, log_lines, noise, planned

#: user::rw-, user:4242:r--, group::r--, mask::r--, other::---, as the kernel keeps an ACL; see linux/posix_acl_xattr.h
ACL = bytes.fromhex("0200000001000600ffffffff020004009210000004000400ffffffff10000400ffffffff20000000ffffffff")


@pytest.fixture
def host(tmp_path: Path) -> PackingHost:
    return PackingHost(tmp_path)


@pytest.mark.parametrize("algorithm", ["zstd", "gzip"])
def test_undo_brings_back_an_identical_manifest(host: PackingHost, algorithm: str) -> None:
    """Path, owner, mode, attributes, ACL, times and content; odd names included."""
    for name in ("a", "deep/er/b b", "line\nbreak", "-rf", os.fsdecode(b"latin-\xe9"), "'; rm -rf $HOME '"):
        os.setxattr(path := host.file(name), "user.note", b"any\0\xff")
        os.utime(path, ns=(OLD, OLD + 1))
    os.setxattr(host.file("acl"), "system.posix_acl_access", ACL)
    host.file("larger than a piece", log_lines(60_000))
    if os.geteuid() == 0:
        os.chown(path := host.file("others"), 4242, 4343)
        path.chmod(0o4644)
    before = host.manifest()
    job, report = host.compress(algorithm=algorithm)
    assert (report.result["files_compressed"], report.result["skipped"]) == (len(before), {})
    assert {name.rpartition(".")[2] for name in host.names()} == {{"zstd": "zst", "gzip": "gz"}[algorithm]}
    assert host.undo(job).result["files_restored"] == len(before)
    assert host.manifest() == before
    assert host.journal.verify().broken_at is None


def test_the_compressed_file_has_what_the_original_had(host: PackingHost) -> None:
    """Owner, mode, attributes and times: who may read the one may read the other, and it is as old."""
    os.setxattr(host.file("a"), "system.posix_acl_access", ACL)
    *before, _, _ = host.manifest()["a"]
    host.compress()
    *after, _, _ = host.manifest()["a.zst"]
    assert after == before


def test_tools_read_what_was_written(host: PackingHost) -> None:
    """Such as gzip's own."""
    content = host.file("a").read_bytes()
    host.compress(algorithm="gzip")
    assert subprocess.run(["gzip", "-cd", host.root / "a.gz"], capture_output=True, check=True).stdout == content


def test_space_is_free_at_once_and_proven(host: PackingHost) -> None:
    """By the blocks of both files, and by what the filesystem shows."""
    path = host.file("a", log_lines(60_000))
    allocated = path.stat().st_blocks * 512
    _, report = host.compress()
    freed = allocated - (host.root / "a.zst").stat().st_blocks * 512
    assert report.result["proof"]["accounted_bytes"] == freed
    assert freed > allocated // 2


def test_a_dry_run_touches_nothing_and_plans_the_same(host: PackingHost) -> None:
    """No file, no access time, no folder of ours."""
    host.file("a")
    before = host.manifest()
    _, planned = host.compress(dry_run=True)
    assert (host.manifest(), host.names()) == (before, ["a"])
    assert not (host.root / ".hro-quarantine").exists()
    _, applied = host.compress()
    assert planned.plan is not None
    assert applied.plan is not None
    assert [(a.target, a.claimed_bytes) for a in planned.plan.actions] == [
        (a.target, a.claimed_bytes) for a in applied.plan.actions
    ]


def test_what_is_to_be_compressed_and_what_is_to_be_kept(host: PackingHost) -> None:
    """A tree of both; the plan says of each that stays why."""
    meant = {str(host.file(name)) for name in ("report.csv", "folder/dump.sql", "no suffix")}
    host.file("noise", noise(50_000))
    host.file("image", b"\x89PNG\r\n\x1a\n" + log_lines(400))
    host.file("archive.zip")
    host.file("program", b"\x7fELF" + log_lines(400))
    host.file("script").chmod(0o750)
    host.file("app.db")
    host.file("unnamed database", b"SQLite format 3\0" + log_lines(400))
    host.file("small", b"x" * 4000)
    host.file("var/lib/dpkg/status")
    host.file(".git/packed-refs")
    host.file("taken")
    host.file("taken.zst")
    os.link(host.file("linked"), host.root / "linked too")
    with host.file("holes").open("r+b") as file:
        file.truncate(1 << 20)
    (host.root / "link").symlink_to(host.root / "report.csv")
    before = host.manifest()
    _, report = host.compress(dry_run=True)
    assert report.plan is not None
    assert {action.target["path"] for action in report.plan.actions} == meant
    assert host.manifest() == before
    reasons = {note.rpartition(": ")[2] for note in report.plan.notes}
    assert reasons == {
        "compressing would save less than 5 % of it.",
        "it is compressed already.",
        "it is a program or a library.",
        "it is a database, a journal or swap space.",
        "it looks like a lock, a socket, a database or a part of a repository.",
        "it belongs to a package manager or a container engine.",
        "its compressed name is taken.",
        "it has another name, and nothing would be free.",
        "it has holes, or its filesystem compresses it.",
    }


def written(path: Path) -> None:
    path.write_text("changed")


def replaced(path: Path) -> None:
    path.rename(path.with_name("aside"))
    path.write_text("another")


def linked(path: Path) -> None:
    os.link(path, path.with_name("another name"))


def read(path: Path) -> None:
    os.utime(path, ns=(2**62, path.stat().st_mtime_ns))


def taken(path: Path) -> None:
    path.with_name("a.zst").write_text("somebody's")


CHANGES = [written, replaced, linked, read, taken, Path.unlink]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_whose_ground_has_shifted_is_left_alone(host: PackingHost, change: Callable[[Path], None]) -> None:
    """Between the plan and its action; the reason is told, and the rest is done."""
    path = host.file("a", log_lines(3000))  # frees more than b, and comes first
    host.file("b")
    job, plan = planned(host)
    change(path)
    expected = {name: found for name, found in host.manifest().items() if name != "b"}
    outcomes = applied(host, job, plan)
    assert [outcome.status.value for outcome in outcomes] == ["skipped", "done"], outcomes
    assert outcomes[0].reason
    assert {name: found for name, found in host.manifest().items() if name != "b.zst"} == expected


@pytest.mark.parametrize("change", ["compressed file changed", "compressed file gone", "name taken"])
def test_an_undo_that_would_lose_something_is_refused(host: PackingHost, change: str) -> None:
    """Both files stay as they are."""
    path = host.file("a")
    job, _ = host.compress()
    packed = host.root / "a.zst"
    if change == "compressed file changed":
        packed.write_bytes(packed.read_bytes())
    elif change == "compressed file gone":
        packed.unlink()
    else:
        path.write_text("new")
    before = host.manifest()
    result = host.undo(job).result
    assert (result["files_restored"], result["files_left"], host.manifest()) == (0, 1, before)


def test_a_compressed_file_that_was_damaged_is_not_handed_back(host: PackingHost) -> None:
    """The disk changed its bytes, and no time of it: the digest tells."""
    host.file("a", log_lines(3000))
    job, _ = host.compress()
    packed = host.root / "a.zst"
    entry = host.journal.entry(job.optimization_id, 0)
    assert entry is not None
    damaged = bytearray(packed.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    packed.write_bytes(damaged)
    os.utime(packed, ns=(OLD, entry.facts["moved"]["mtime_ns"]))
    moved = {**entry.facts["moved"], "ctime_ns": packed.stat().st_ctime_ns}
    host.journal.note(job.optimization_id, 0, State.REPLACED, moved=moved)
    result = host.undo(job).result
    assert (result["outcomes"][0]["code"], host.names()) == ("corrupt", ["a.zst"])


def test_what_a_job_without_rights_cannot_keep_it_does_not_change(host: PackingHost) -> None:
    """A file of another user whose owner we could not put on the new one stays."""
    if os.geteuid() != 0:
        missing("the right to act as another user")
    path = host.file("a")
    os.chown(path, 4242, 4242)
    path.chmod(0o644)
    before = host.manifest()
    program = (
        "import os, sys; from pathlib import Path; from tests.packing import *\n"
        "host = PackingHost(Path(sys.argv[1])); print(host.compress()[1].result['notes'])"
    )
    for folder in (host.root, *host.root.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    state = host.root.parent / "state"
    state.mkdir(exist_ok=True)
    for folder in (host.root, state):
        os.chown(folder, 4343, 4343)
    command = ["setpriv", "--reuid=4343", "--regid=4343", "--clear-groups", sys.executable, "-c", program]
    run = subprocess.run([*command, str(host.root.parent)], capture_output=True, text=True, check=False)
    assert "it belongs to another user" in run.stdout, run.stderr
    assert host.manifest() == before
