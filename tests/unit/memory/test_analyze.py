"""What analyze_memory says of a host."""

import json
from pathlib import Path
from typing import Any

import pytest

from optimizer import runner
from optimizer.errors import CancelledError
from optimizer.memory.analyze import analyze_memory
from tests.fakes import proc
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening, job


def analyzed(root: Path, listening: Listening | None = None) -> dict[str, Any]:
    """The result as it crosses HTTP."""
    report = runner.run(job("analyze_memory"), analyze_memory(root), listening or Listening(), FakeClock())
    found: dict[str, Any] = json.loads(json.dumps(dict(report.result)))
    return found


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return proc.make_proc(tmp_path)


def test_amounts_are_in_bytes(host: Path) -> None:
    """Every amount names its unit."""
    found = analyzed(host)
    assert found["memory_available_bytes"] == found["host_available_bytes"] == 8192000 * 1024
    assert found["memory_percent"] == 50.0
    assert (found["swap_used_bytes"], found["swap_percent"]) == (512000 * 1024, 25.0)
    assert found["limit"] is None


def test_a_limit_is_told_with_its_file(host: Path) -> None:
    """In a container with 1 GiB, that and not the host's memory is what there is."""
    folder = host / "cgroup"
    for name, text in {"memory.max": 1 << 30, "memory.current": 1 << 29, "memory.stat": "inactive_file 0"}.items():
        proc.write(folder, name, f"{text}\n")
    proc.write(host, "self/mountinfo", f"30 23 0:26 / {folder} rw - cgroup2 cgroup rw\n")
    found = analyzed(host)
    assert (found["memory_total_bytes"], found["memory_available_bytes"]) == (1 << 30, 1 << 29)
    assert found["host_available_bytes"] == 8192000 * 1024
    assert found["limit"]["file"] == f"{folder}/memory.max"


def test_pss_is_preferred_and_rss_is_named(host: Path) -> None:
    """A process whose PSS cannot be read shows its RSS and says so; kernel threads have neither."""
    proc.write(host, "10/stat", proc.process_stat(10, b"shares) much", rss=1000))
    proc.write(host, "10/smaps_rollup", proc.smaps_rollup(4000, 1500))
    proc.write(host, "20/stat", proc.process_stat(20, rss=500))
    (host / "20/smaps_rollup").mkdir()  # cannot be read as a file
    proc.write(host, "30/stat", proc.process_stat(30, b"kthreadd", rss=0))
    found = analyzed(host)
    assert [(each["pid"], each["name"], each["measure"]) for each in found["largest_processes"]] == [
        (20, "worker", "rss"),
        (10, "shares) much", "pss"),
    ]
    assert found["largest_processes"][1]["memory_bytes"] == 1500 * 1024
    assert found["processes_read"] == 3


def test_a_process_that_ends_before_it_is_measured_is_left_out(host: Path) -> None:
    """It is neither listed nor an error."""
    proc.write(host, "10/stat", proc.process_stat(10))
    found = analyzed(host)
    assert found["largest_processes"] == []
    assert found["error_count"] == 0


def test_absent_pressure_is_said(host: Path) -> None:
    """No figure is invented."""
    (host / "pressure/memory").unlink()
    assert analyzed(host)["pressure"]["available"] is False


def test_it_can_be_cancelled(host: Path) -> None:
    """Between two processes."""
    proc.write(host, "10/stat", proc.process_stat(10))
    with pytest.raises(CancelledError):
        analyzed(host, Listening(cancel_at=1))


def test_this_very_host_can_be_analyzed() -> None:
    """The real /proc: this test's own process is among those read."""
    found = analyzed(Path("/proc"))
    assert 0 < found["memory_available_bytes"] <= found["memory_total_bytes"]
    assert found["largest_processes"]
