"""Closed logs, compressed on a real filesystem beside programs that write to others."""

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from optimizer.options import LogsOptions
from optimizer.runner import Change, Report
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.logs.analyze import Logs, read
from optimizer.storage.logs.plan import plan_logs
from optimizer.storage.reclaim import Part, reclaim
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.packing import InAYear, PackingHost, log_lines


class LoggingHost(PackingHost):
    """A folder of logs, and a configuration of logrotate."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.logrotate = folder / "logrotate.conf"
        self.logrotate.write_text(f"include {folder / 'logrotate.d'}\nweekly\n")
        (folder / "logrotate.d").mkdir()

    def handler(self) -> Change[list[Any]]:
        logs = Logs(roots=self.roots, keep=Keep(), clock=InAYear(), logrotate=self.logrotate)
        return reclaim([Part(options=LogsOptions, look=logs.look, plan=plan_logs)], Hands(self.roots, self.journal))

    def optimize(self, **options: Any) -> Report:
        return self.run(new_job("optimize_logs", path=str(self.root), **options), self.handler())


@pytest.fixture
def host(tmp_path: Path) -> LoggingHost:
    return LoggingHost(tmp_path)


def test_what_is_to_be_compressed_and_what_is_to_be_kept(host: LoggingHost, tmp_path: Path) -> None:
    """A tree of both; undo brings all of it back."""
    meant = ["app.log", "app.log.1", "web/access.log-20240131", "syslog.2", "boot.2024-01-31.log"]
    kept = ["wtmp.1", "btmp-20240131", "journal/0/system.journal", "done.log.2.gz", "notes.txt", "syslog",
            "owned.log.1", "lost+found/a.log", "libx.so.1"]  # fmt: skip
    for name in [*meant, *kept]:
        host.file(name, b"\x7fELF" + log_lines(300) if "so" in name else None)
    (tmp_path / "logrotate.d" / "owned").write_text(f"{host.root}/owned.log {{\n  rotate 4\n}}\n")
    before = host.manifest()
    report = host.optimize()
    assert host.names() == sorted([*kept, *(name + ".gz" for name in meant)])
    assert report.result["logs_processed"] == len(meant)
    assert any("logrotate owns it" in note for note in report.result["notes"])
    assert gzip.decompress((host.root / "app.log.gz").read_bytes()) == log_lines(400)
    asked = new_job().model_copy(update={"optimization_id": report.result["optimization_id"]})
    assert host.undo(asked).result["files_restored"] == len(meant)
    assert host.manifest() == before


def test_a_configuration_that_cannot_be_read_keeps_every_log(host: LoggingHost) -> None:
    """What is not known to be nobody's stays."""
    host.file("app.log")
    host.logrotate.unlink()
    host.logrotate.symlink_to(host.logrotate)
    report = host.optimize()
    assert (host.names(), "cannot be read" in report.result["notes"][0]) == (["app.log"], True)


def test_without_a_configuration_a_note_says_so(host: LoggingHost) -> None:
    """A host without logrotate has logs too."""
    host.file("app.log")
    host.logrotate.unlink()
    assert "no log is known to be logrotate's" in host.optimize().result["notes"][0]
    assert host.names() == ["app.log.gz"]


def test_what_a_configuration_includes_is_read(host: LoggingHost, tmp_path: Path) -> None:
    """A folder or a file; what is missing is left out, as logrotate does it."""
    (tmp_path / "logrotate.d" / "a").write_text("/var/log/a.log {}\n")
    host.logrotate.write_text(host.logrotate.read_text() + "include /nowhere\n/var/log/b.log {}\n")
    found = read(host.logrotate)
    assert found is not None
    assert sorted(found.globs) == ["/var/log/a.log", "/var/log/b.log"]


#: Writes lines into a log that it keeps open, through a rename of it, until it is told to end
WRITER = """
import sys
with open(sys.argv[1], "a", buffering=1) as log:
    for number in range(5000): print("line", number, file=log)
    print("ready", flush=True)
    for number, _ in enumerate(iter(sys.stdin.readline, ""), 5000):
        print("line", number, file=log)
        print("written", flush=True)
"""


def test_a_log_that_a_writer_holds_open_is_not_touched(host: LoggingHost) -> None:
    """Rotated by a rename, and still written to: every line is there, and once it is closed it may be compressed."""
    path = host.root / "app.log"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdout.readline()
        path.rename(host.root / "app.log.1")
        for _ in range(5):
            report = host.optimize()
            assert [outcome["code"] for outcome in report.result["outcomes"]] in (["in_use"], ["stale"])
            writer.stdin.write("\n")
            writer.stdin.flush()
            writer.stdout.readline()
        writer.stdin.close()
        writer.wait(timeout=30)
    assert host.names() == ["app.log.1"]
    assert host.optimize().result["logs_processed"] == 1
    lines = gzip.decompress((host.root / "app.log.1.gz").read_bytes()).decode().splitlines()
    assert lines == [f"line {number}" for number in range(5005)]


#: After each delay that it is told, in seconds: appends a line to its log
OPENER = """
import sys, time
for delay in iter(sys.stdin.readline, ""):
    time.sleep(float(delay))
    with open(sys.argv[1], "a") as log:
        print("the last line", file=log)
    print("written", flush=True)
"""


def test_a_line_that_is_written_at_any_moment_is_not_lost(host: LoggingHost) -> None:
    """By a program that opens its log for each line, while that is compressed: it finds the old log or makes a new."""
    path, packed, ends = host.root / "app.log", host.root / "app.log.gz", set()
    with subprocess.Popen(
        [sys.executable, "-c", OPENER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for number in range(80):
            host.file("app.log", log_lines(3000))
            job, handler = new_job("optimize_logs", path=str(host.root), days_old=0), host.handler()
            plan = handler.plan(job, handler.analyze(job, Listening()))
            with handler.hold(job, plan, 1):
                writer.stdin.write(f"{number * 0.0005}\n")
                writer.stdin.flush()
                handler.apply(plan.actions[0], Listening())
            assert writer.stdout.readline() == "written\n"
            old = gzip.decompress(packed.read_bytes()) if packed.exists() else b""
            assert old + path.read_bytes() == log_lines(3000) + b"the last line\n"
            ends.add(packed.exists())
            packed.unlink(missing_ok=True)
        writer.stdin.close()
    assert ends == {True, False}
