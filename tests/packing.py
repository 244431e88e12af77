"""A folder in which files may be compressed, and what a worker has for it."""

import hashlib
import os
import random
import subprocess
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal
from optimizer.jobs import Job
from optimizer.options import CompressOptions
from optimizer.plans import Outcome, Plan
from optimizer.runner import Change, Report, run
from optimizer.storage.compress.analyze import look
from optimizer.storage.compress.plan import plan_compress
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.reclaim import Part, reclaim, undo
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job

OLD = 10**18
QUARANTINE = ".hro-quarantine"


class InAYear(SystemClock):
    """As if a year had passed: a ctime cannot be set back."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=365)


class PackingHost:
    def __init__(self, folder: Path, root: Path | None = None) -> None:
        """`root` is made in `folder`, unless there is one on another filesystem."""
        self.root = root or folder / "root"
        self.root.mkdir(exist_ok=True)
        self.journal = Journal(folder / "state" / "journal.db", SystemClock())
        self.roots = ScanRoots([self.root], setting="HRO_ROOTS")

    def file(self, name: str, content: bytes | None = None) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(log_lines(400) if content is None else content)
        path.chmod(0o640)
        os.utime(path, ns=(OLD, OLD + 123_456_789))
        return path

    def handler(self) -> Change[list[Any]]:
        part = Part(options=CompressOptions, look=partial(look, self.roots, Keep(), InAYear()), plan=plan_compress)
        return reclaim([part], Hands(self.roots, self.journal))

    def job(self, **options: Any) -> Job:
        return new_job("optimize_compress", path=str(self.root), **options)

    def compress(self, **options: Any) -> tuple[Job, Report]:
        job = self.job(**options)
        return job, self.run(job, self.handler())

    def undo(self, job: Job) -> Report:
        asked = new_job("undo", optimization_id=job.optimization_id)
        return self.run(asked, undo(Hands(self.roots, self.journal)))

    def run(self, job: Job, handler: Change[Any]) -> Report:
        return run(job, handler, Listening(), SystemClock())

    def names(self) -> list[str]:
        """Every file below the root, what lies in quarantine too."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir())

    def manifest(self) -> dict[str, tuple[object, ...]]:
        """All of each file that an undo has to bring back."""
        return {name: facts(self.root / name) for name in self.names()}


def facts(path: Path) -> tuple[object, ...]:
    """Owner, mode, times, extended attributes with ACLs, and content; reading leaves the times as they are."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOATIME)
    try:
        s = os.fstat(descriptor)
        xattrs = tuple(sorted((name, os.getxattr(descriptor, name)) for name in os.listxattr(descriptor)))
        content = hashlib.sha256(os.pread(descriptor, s.st_size, 0)).hexdigest()
    finally:
        os.close(descriptor)
    return (s.st_uid, s.st_gid, s.st_mode, s.st_atime_ns, s.st_mtime_ns, xattrs, s.st_size, content)


def log_lines(count: int) -> bytes:
    """Lines as a server writes them."""
    return b"".join(
        b"2026-01-02T12:00:%02dZ INFO request %d served in %d ms\n" % (n % 60, n, n % 97) for n in range(count)
    )


def noise(size: int) -> bytes:
    """What does not compress."""
    return random.Random(7).randbytes(size)


def planned(host: PackingHost) -> tuple[Job, Plan]:
    job, handler = host.job(), host.handler()
    return job, handler.plan(job, handler.analyze(job, Listening()))


def applied(host: PackingHost, job: Job, plan: Plan) -> list[Outcome]:
    hands = Hands(host.roots, host.journal)
    with hands.hold(job, plan, 1):
        return [hands.apply(action, Listening()) for action in plan.actions]


#: Waits until a lease is held on a file, which the kernel tells of in /proc/locks, and then does something with it
MEANWHILE = """
import os, sys
path, what = sys.argv[1:]
inode = f":{os.stat(path).st_ino} "
print("ready", flush=True)
while not any("LEASE" in line and inode in line for line in open("/proc/locks")):
    pass
exec(what)
"""


def meanwhile(path: Path, what: str) -> "subprocess.Popen[str]":
    """Another process, once it is ready."""
    command = [sys.executable, "-c", MEANWHILE, str(path), what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process
