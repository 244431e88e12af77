"""What a job says that it freed is what the filesystem shows: where names, open files and shared blocks mislead."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from optimizer.hashing.local_cache import NullHashCache
from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal
from optimizer.jobs import Job
from optimizer.options import DuplicatesOptions, TempOptions
from optimizer.runner import Change, run
from optimizer.storage.duplicates import copies
from optimizer.storage.duplicates.plan import plan_duplicates
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.reclaim import Part, purge, reclaim
from optimizer.storage.temp import analyze
from optimizer.storage.temp.plan import plan_temp
from optimizer.values import JsonObject
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.filesystems import mounted

MIB = 1024 * 1024
#: Free space moves by a few blocks of folders and trees, which no job is asked to account for
OF_NO_MEANING = 256 * 1024


class InAMonth(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(days=30)


class Disk:
    """A filesystem of its own. The journal lies on another, so that all that is seen here was done by the job."""

    def __init__(self, point: Path, state: Path) -> None:
        self.kind = point.name
        self.root = point / "root"
        (self.root / "tmp").mkdir(parents=True)
        self.roots = ScanRoots([self.root], setting="HRO_ROOTS")
        self.hands = Hands(self.roots, Journal(state / "journal.db", SystemClock()))

    def file(self, name: str, content: bytes) -> Path:
        path = self.root / name
        path.write_bytes(content)
        return path

    def temp(self) -> tuple[JsonObject, Job]:
        """Move all that is in tmp into quarantine, as if a month had passed."""
        seeing = partial(analyze.look, self.roots, Keep(), InAMonth())
        job = new_job("optimize_temp", path=str(self.root / "tmp"))
        return self.told(job, reclaim([Part(options=TempOptions, look=seeing, plan=plan_temp)], self.hands)), job

    def dedupe(self) -> JsonObject:
        seeing = partial(copies.look, self.roots, Keep(), NullHashCache())
        job = new_job("optimize_duplicates", path=str(self.root), action="reflink")
        return self.told(job, reclaim([Part(options=DuplicatesOptions, look=seeing, plan=plan_duplicates)], self.hands))

    def purge(self, job: Job) -> JsonObject:
        again = new_job("purge", optimization_id=job.optimization_id)
        return self.told(again, purge(self.hands, SystemClock()))

    def told(self, job: Job, handler: Change[Any]) -> JsonObject:
        """The receipt of a job: it tells what its files had, as far as that is seen to be free, and not more."""
        before = self.free_bytes()
        report = run(job, handler, Listening(), SystemClock())
        seen = self.free_bytes() - before
        freed, proof = report.result["space_freed_bytes"], report.result["proof"]
        assert abs(proof["measured_bytes"] - seen) <= OF_NO_MEANING, (seen, proof)
        assert abs(freed - max(0, min(seen, proof["accounted_bytes"]))) <= OF_NO_MEANING, (seen, proof)
        return report.result

    def free_bytes(self) -> int:
        """Once it does not move any more: a filesystem may free blocks long after a file is gone."""
        found: list[int] = []
        while found[-3:] != found[-1:] * 3 or not found:
            subprocess.run(["sync", "--file-system", self.root], check=True)
            status = os.statvfs(self.root)
            found.append(status.f_bfree * status.f_frsize)
            time.sleep(0.1)
        return found[-1]


@pytest.fixture(params=["ext4", "btrfs", "xfs"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with mounted(request.param, tmp_path, 400) as point:
        yield Disk(point, tmp_path / "state")


@pytest.fixture(params=["btrfs", "xfs"])
def sharing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """Where files can have blocks in common."""
    with mounted(request.param, tmp_path, 400) as point:
        yield Disk(point, tmp_path / "state")


def test_a_deleted_file_frees_its_blocks(disk: Disk) -> None:
    """All of them, when it is purged; as long as it waits in quarantine, none, and what waits is told."""
    disk.file("tmp/a", os.urandom(32 * MIB))
    moved, job = disk.temp()
    assert (moved["space_freed_bytes"], moved["quarantined_bytes"] // MIB) == (0, 32)
    gone = disk.purge(job)
    assert (gone["proof"]["verdict"], round(gone["space_freed_bytes"] / MIB)) == ("proven", 32), gone


def test_one_of_two_names_frees_nothing(disk: Disk) -> None:
    """The other name still has all of it."""
    os.link(disk.file("tmp/a", os.urandom(32 * MIB)), disk.root / "b")
    _, job = disk.temp()
    gone = disk.purge(job)
    assert (gone["files_purged"], gone["proof"]["verdict"], gone["space_freed_bytes"]) == (1, "proven", 0)


def test_a_file_that_is_open_is_kept_until_it_is_closed(disk: Disk) -> None:
    """Deleting it would free nothing, and whoever reads it would lose it."""
    disk.file("tmp/a", os.urandom(32 * MIB))
    _, job = disk.temp()
    place = disk.root / ".hro-quarantine" / job.optimization_id / "0"
    with held_open(place):
        kept = disk.purge(job)
        codes = [outcome["code"] for outcome in kept["outcomes"]]
        assert (codes, kept["space_freed_bytes"], place.exists()) == (["in_use"], 0, True)
    gone = disk.purge(job)
    assert (gone["proof"]["verdict"], round(gone["space_freed_bytes"] / MIB)) == ("proven", 32)


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """By another process."""
    program = "import sys; file = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield
        holder.communicate()


def test_a_hole_frees_nothing(disk: Disk) -> None:
    """However large the file says that it is."""
    with disk.file("tmp/a", b"").open("r+b") as file:
        file.truncate(1024 * MIB)
    _, job = disk.temp()
    gone = disk.purge(job)
    assert (gone["files_purged"], gone["proof"]["verdict"], gone["space_freed_bytes"]) == (1, "proven", 0)


def test_many_small_files_free_what_the_filesystem_gave_them(disk: Disk) -> None:
    """A block each on ext4. btrfs has them in its trees and frees less, XFS frees their inodes too: both are told."""
    for number in range(2000):
        disk.file(f"tmp/{number}", os.urandom(100))
    moved, job = disk.temp()
    assert moved["space_freed_bytes"] == 0
    gone = disk.purge(job)
    proof = gone["proof"]
    block = os.statvfs(disk.root).f_frsize
    assert (gone["files_purged"], proof["accounted_bytes"]) == (2000, 2000 * block)
    assert proof["verdict"] == ("proven" if disk.kind == "ext4" else "partly"), proof
    assert (proof["measured_bytes"] < proof["accounted_bytes"]) == (disk.kind == "btrfs"), proof


def test_one_of_two_copies_that_share_blocks_frees_nothing(sharing: Disk) -> None:
    """Both have blocks of their own by st_blocks; there is one set of them."""
    path = sharing.file("tmp/a", os.urandom(32 * MIB))
    subprocess.run(["cp", "--reflink=always", path, sharing.root / "b"], check=True)
    _, job = sharing.temp()
    gone = sharing.purge(job)
    assert (gone["files_purged"], gone["proof"]["verdict"], gone["space_freed_bytes"]) == (1, "proven", 0)


def test_copies_that_come_to_share_blocks_free_one_set(sharing: Disk) -> None:
    """At once, and both files are still there."""
    content = os.urandom(32 * MIB)
    paths = [sharing.file(name, content) for name in ("a", "b")]
    told = sharing.dedupe()
    assert (told["proof"]["verdict"], round(told["space_freed_bytes"] / MIB)) == ("proven", 32)
    assert [path.read_bytes() == content for path in paths] == [True, True]
