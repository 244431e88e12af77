"""What users of other tools lost when files were compressed or logs rotated; docs/reports.md has the list."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.filesystems import mounted
from tests.packing import PackingHost, applied, log_lines, meanwhile, noise, planned

MIB = 1 << 20


@pytest.fixture
def host(tmp_path: Path) -> PackingHost:
    return PackingHost(tmp_path)


def free_bytes(folder: Path) -> int:
    os.sync()
    found = os.statvfs(folder)
    return found.f_bfree * found.f_frsize


def test_logrotate_16_a_full_disk_leaves_no_broken_file(tmp_path: Path) -> None:
    """The file is left as it is, the reason is told, and all space is free again that was taken for it."""
    with mounted("ext4", tmp_path, 24) as disk:
        host = PackingHost(tmp_path, disk / "root")
        host.file("small")
        host.compress()  # makes our own folder, which stays
        path = host.file("half zeros", bytes(4 * MIB) + noise(4 * MIB))
        before = host.manifest()
        job, plan = planned(host)
        with (disk / "filler").open("wb") as filler:
            filler.write(bytes(free_bytes(disk) - 2 * MIB))
        free = free_bytes(disk)
        (outcome,) = applied(host, job, plan)
        assert (outcome.status.value, outcome.code) == ("skipped", "ENOSPC")
        assert (host.manifest(), free_bytes(disk)) == (before, free)
        assert path.exists()


def test_logrotate_16_an_undo_on_a_full_disk_leaves_no_broken_file(tmp_path: Path) -> None:
    """The compressed file stays until there is room for the original."""
    with mounted("ext4", tmp_path, 24) as disk:
        host = PackingHost(tmp_path, disk / "root")
        host.file("zeros", bytes(12 * MIB))
        original = host.manifest()
        job, _ = host.compress()
        filler = disk / "filler"
        filler.write_bytes(bytes(free_bytes(disk) - MIB))
        before, free = host.manifest(), free_bytes(disk)
        assert host.undo(job).result["outcomes"][0]["code"] == "ENOSPC"
        assert (host.manifest(), free_bytes(disk)) == (before, free)
        filler.unlink()
        assert host.undo(job).result["files_restored"] == 1
        assert host.manifest() == original


def test_bleachbit_1762_what_is_ended_in_the_middle_takes_no_space(tmp_path: Path) -> None:
    """At whatever moment it is killed, there is as much free as before, or more."""
    with mounted("ext4", tmp_path, 128) as disk:
        host = PackingHost(tmp_path, disk / "root")
        host.file("small")
        host.compress()
        path = host.file("large", noise(MIB) * 40)
        free = free_bytes(disk)
        for delay in (0.0, 0.05, 0.1, 0.2):
            program = "import sys; from pathlib import Path; from tests.packing import *\n"
            program += "PackingHost(Path(sys.argv[1]), Path(sys.argv[1]) / 'ext4' / 'root').compress()"
            with subprocess.Popen([sys.executable, "-c", program, tmp_path], cwd=Path(__file__).parents[3]) as job:
                while job.poll() is None and not is_held(path):
                    pass
                time.sleep(delay)
                job.send_signal(signal.SIGKILL)
            assert free_bytes(disk) >= free


def is_held(path: Path) -> bool:
    """Whether a lease is held on a file, if it is there."""
    inode = f":{path.stat().st_ino} " if path.exists() else " "
    return any("LEASE" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


@pytest.mark.parametrize("flags", [os.O_APPEND, 0])
def test_logrotate_34_363_a_log_that_is_open_is_not_touched(host: PackingHost, flags: int) -> None:
    """Whether its writer appends or writes where it was: no line is lost, and no zeros take their place."""
    path = host.file("app.log")
    descriptor = os.open(path, os.O_WRONLY | flags)
    os.lseek(descriptor, 0, os.SEEK_END)
    job, plan = planned(host)
    (outcome,) = applied(host, job, plan)
    os.write(descriptor, b"the last line\n")
    os.close(descriptor)
    assert (outcome.status.value, outcome.code) == ("skipped", "in_use")
    assert (path.read_bytes(), host.names()) == (log_lines(400) + b"the last line\n", ["app.log"])


def test_ceph_ansible_7669_a_log_that_grows_meanwhile_is_left(host: PackingHost) -> None:
    """Opened, written to and closed again while it was compressed."""
    path = host.file("app.log", log_lines(1_000_000))
    with meanwhile(path, "open(path, 'a').write('the last line')") as other:
        _, report = host.compress()
        assert other.wait(timeout=40) == 0
    assert (report.result["files_compressed"], host.names()) == (0, ["app.log"])
    assert path.read_bytes().endswith(b"the last line")


@pytest.mark.parametrize("output", ["a device", "a link to a device", "a file", "a folder"])
def test_rmlint_211_an_output_that_exists_is_not_changed(host: PackingHost, output: str) -> None:
    """Neither its content nor its mode, not even for root and through a link."""
    packed = host.root / "a.zst"
    host.file("a")
    job, plan = planned(host)
    if output == "a device" and os.geteuid() == 0:
        os.mknod(packed, 0o20666, os.makedev(1, 3))
    elif output == "a file":
        packed.touch()
    elif output == "a folder":
        packed.mkdir()
    else:
        packed.symlink_to("/dev/null")
    before, null = packed.lstat(), Path("/dev/null").stat().st_mode
    (outcome,) = applied(host, job, plan)
    assert (outcome.status.value, packed.lstat(), Path("/dev/null").stat().st_mode) == ("skipped", before, null)
    assert (host.root / "a").read_bytes() == log_lines(400)


def test_rmlint_107_names_that_a_shell_would_take_apart(host: PackingHost) -> None:
    """No name goes through a shell, and each comes back as it was."""
    for name in ("a b", "$(touch hacked)", "`id`", "a;b", "'", '"', "\\", "-o", "*", "\n", os.fsdecode(b"\xff")):
        host.file(name)
    before = host.manifest()
    job, report = host.compress()
    assert report.result["files_compressed"] == len(before)
    host.undo(job)
    assert host.manifest() == before


def test_oans_87_a_file_that_is_almost_all_hole_is_not_read(host: PackingHost) -> None:
    """A terabyte of nothing: it takes no space, so there is none to be saved."""
    with host.file("holes").open("r+b") as file:
        file.truncate(1 << 40)
    _, report = host.compress()
    assert (report.result["files_compressed"], "it has holes" in report.result["notes"][0]) == (0, True)


@pytest.mark.parametrize("size", [MIB - 1, MIB, MIB + 1, 4 * MIB + 4097])
def test_oans_152_the_last_bytes_come_back_too(host: PackingHost, size: int) -> None:
    """Wherever the end of a file lies, and if its last blocks are zeros that were written."""
    host.file("a", (log_lines(60_000)[: size // 2] + bytes(size))[:size])
    before = host.manifest()
    job, report = host.compress()
    assert report.result["files_compressed"] == 1
    host.undo(job)
    assert host.manifest() == before
