"""What analyze_cpu says of a host."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from optimizer import runner
from optimizer.cpu.analyze import analyze_cpu
from optimizer.errors import CancelledError
from tests.fakes import proc
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening, job

#: No test needs a real window; the fake host changes while the job reports that it samples.
BRIEF = 0.001


class Moving(Listening):
    """A progress during whose wait the host works for 100 ticks on core 0, 60 of them for process 10."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def report(self, **counts: int | str) -> None:
        super().report(**counts)
        if counts["phase"] == "sampling":
            later = proc.STAT.replace("cpu  1000 20 300 8000", "cpu  1080 20 320 8100").replace(
                "cpu0 600 10 200 4000", "cpu0 680 10 220 4000"
            )
            proc.write(self.root, "stat", later.replace("cpu1 400 10 100 4000", "cpu1 400 10 100 4100"))
            proc.write(self.root, "10/stat", proc.process_stat(10, b"busy) one", (60, 30)))
            proc.write(self.root, "20/stat", proc.process_stat(20, b"idle"))


def analyzed(root: Path, progress: Listening, window: float = BRIEF) -> dict[str, Any]:
    """The result as it crosses HTTP."""
    report = runner.run(job("analyze_cpu"), analyze_cpu(window, root), progress, FakeClock())
    found: dict[str, Any] = json.loads(json.dumps(dict(report.result)))
    return found


@pytest.fixture
def host(tmp_path: Path) -> Path:
    proc.make_proc(tmp_path)
    proc.write(tmp_path, "10/stat", proc.process_stat(10, b"busy) one", (0, 30)))
    proc.write(tmp_path, "20/stat", proc.process_stat(20, b"idle"))
    return tmp_path


def test_use_is_told_by_mode_and_core(host: Path) -> None:
    """One core busy, one idle: half of the host is."""
    found = analyzed(host, Moving(host))
    assert found["cpu_percent"] == 50.0
    assert found["modes_percent"]["user"] == 40.0
    assert found["modes_percent"]["system"] == 10.0
    assert found["cores"] == [{"core": 0, "cpu_percent": 100.0}, {"core": 1, "cpu_percent": 0.0}]


def test_the_busiest_process_is_named(host: Path) -> None:
    """Only those that used anything are listed."""
    found = analyzed(host, Moving(host))
    assert [(each["pid"], each["name"]) for each in found["busiest_processes"]] == [(10, "busy) one")]


def test_a_quota_bounds_the_cores(host: Path) -> None:
    """In a group with half a core's time, half a core is usable."""
    proc.write(host, "cgroup/cpu.max", "50000 100000\n")
    proc.write(host, "self/mountinfo", f"30 23 0:26 / {host}/cgroup rw - cgroup2 cgroup rw\n")
    found = analyzed(host, Moving(host))
    assert found["cores_usable"] == 0.5
    assert found["quota"] == {"cores": 0.5, "file": f"{host}/cgroup/cpu.max"}


def test_a_core_that_went_off_line_does_not_break_it(host: Path) -> None:
    """It is in the first sample only, and left out."""

    class Unplugging(Listening):
        def report(self, **counts: int | str) -> None:
            if counts["phase"] == "sampling":
                proc.write(
                    host, "stat", "cpu  1080 20 320 8100 100 5 10 15 40 0\ncpu0 680 10 220 4000 50 3 6 10 20 0\n"
                )

    assert [core["core"] for core in analyzed(host, Unplugging())["cores"]] == [0]


def test_it_can_be_cancelled_while_it_waits(host: Path) -> None:
    """A long window does not hold up a cancelled job."""

    class Cancelled(Listening):
        def report(self, **counts: int | str) -> None:
            if counts["phase"] == "sampling":
                raise CancelledError

    with pytest.raises(CancelledError):
        analyzed(host, Cancelled(), window=3600)


def test_this_very_host_can_be_analyzed() -> None:
    """The real /proc, with this process's own cores and the load of the kernel."""
    found = analyzed(Path("/proc"), Listening(), window=0.05)
    assert 0 <= found["cpu_percent"] <= 100
    assert 0 < found["cores_usable"] <= found["cores_allowed"] == len(os.sched_getaffinity(0))
    assert found["load_1min"] >= 0
