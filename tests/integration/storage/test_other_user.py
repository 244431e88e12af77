"""A root that everybody may write to, as /tmp is, and another user who tries to gain by it."""

import os
import subprocess
from pathlib import Path

import pytest

from optimizer.host.quarantine import QuarantineUnsafeError
from optimizer.jobs import Job
from tests.conftest import missing
from tests.integration.storage.test_reclaim import Host

OTHER = 4242


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose root is sticky and open to all, on the way to which nobody is stopped."""
    if os.geteuid() != 0:
        missing("the right to act as another user")
    made = Host(tmp_path)
    made.root.chmod(0o1777)
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    return made


def as_other(script: str, folder: Path) -> str:
    """What a shell of the other user says, with its exit code."""
    command = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups", "sh", "-c", script]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return f"{run.stdout}{run.returncode}"


def quarantined(host: Host) -> Job:
    host.file("ours")
    job, report = host.temp()
    assert report.result["files_quarantined"] == 1
    return job


@pytest.mark.parametrize("made", ["mkdir .hro-quarantine", "ln -s /etc .hro-quarantine", "touch .hro-quarantine"])
def test_a_quarantine_that_a_stranger_made_is_refused(host: Host, made: str) -> None:
    """Nothing is put where he could take it; the error says what to do."""
    host.file("ours")
    assert as_other(made, host.root) == "0"
    with pytest.raises(QuarantineUnsafeError):
        host.temp()
    assert (host.root / "ours").exists()
    assert not list(Path("/etc").glob(".hro*"))


def test_a_root_that_a_stranger_spoilt_stops_no_other_root(host: Host, tmp_path: Path) -> None:
    """Jobs on the other roots of the host go on."""
    assert as_other("mkdir .hro-quarantine", host.root) == "0"
    (tmp_path / "second" / "state").mkdir(parents=True)
    second = Host.__new__(Host)
    second.root, second.journal = tmp_path / "second" / "root", host.journal
    second.root.mkdir()
    second.roots = host.roots.__class__([host.root, second.root], setting="HRO_ROOTS")
    second.file("ours")
    assert second.temp()[1].result["files_quarantined"] == 1


def test_he_neither_reads_nor_removes_what_waits(host: Host) -> None:
    """Neither the quarantine nor the folder of a job in it is his to look at, to replace or to take away."""
    job = quarantined(host)
    for script in (
        "ls .hro-quarantine",
        "mv .hro-quarantine elsewhere",
        "rm -rf .hro-quarantine",
        f"cat .hro-quarantine/{job.optimization_id}/0",
        f"mkdir .hro-quarantine/{job.optimization_id}",
    ):
        assert as_other(script, host.root) != "0", script
    assert host.undo(job).result["files_restored"] == 1


@pytest.mark.parametrize("made", ["echo his > ours", "ln -s /etc/passwd ours", "mkdir ours"])
def test_a_name_that_he_took_is_left_to_him(host: Host, made: str) -> None:
    """What comes back never goes over or through what he made; once it is gone, the file comes back."""
    job = quarantined(host)
    assert as_other(made, host.root) == "0"
    before = Path("/etc/passwd").read_bytes()
    assert host.undo(job).result["files_restored"] == 0
    assert Path("/etc/passwd").read_bytes() == before
    assert as_other("rm -r ours", host.root) == "0"
    assert host.undo(job).result["files_restored"] == 1
    assert (host.root / "ours").stat().st_uid == 0


def test_his_own_file_is_moved_only_as_it_was_planned(host: Host) -> None:
    """He may write to it until the last moment; then it stays."""
    path = host.file("his")
    os.chown(path, OTHER, OTHER)
    job, report = host.temp()
    assert report.result["files_quarantined"] == 1
    assert as_other("cat .hro-quarantine/*/0", host.root) != "0"
    assert host.undo(job).result["files_restored"] == 1
    assert path.stat().st_uid == OTHER
