"""The small object that /status and /health show."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from optimizer.host.status import LONGEST_WINDOW_SECONDS, SystemStatus
from tests.fakes import proc
from tests.fakes.clock import FakeClock


@dataclass
class Host:
    """A fake host whose clock and CPU counters move together."""

    root: Path
    clock: FakeClock
    busy: int = 0
    idle: int = 0

    def pass_time(self, seconds: float, busy_percent: float) -> None:
        self.clock.move(seconds)
        ticks = round(seconds * 1000)
        self.busy += round(ticks * busy_percent / 100)
        self.idle += ticks - round(ticks * busy_percent / 100)
        proc.write(self.root, "stat", f"cpu  {self.busy} 0 0 {self.idle} 0 0 0 0 0 0\n")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Sleeping on this host takes no time of ours, and its CPU is at 40 percent meanwhile."""
    host = Host(root=proc.make_proc(tmp_path), clock=FakeClock())
    host.pass_time(1, busy_percent=100)
    monkeypatch.setattr("time.sleep", lambda seconds: host.pass_time(seconds, busy_percent=40))
    return host


def test_it_has_the_fields_of_the_original(host: Host) -> None:
    """Clients of the original find what they read."""
    found = SystemStatus(host.clock, host.root).read()
    assert found["memory_percent"] == 50.0
    assert found["memory_available_gb"] == round(8192000 * 1024 / 2**30, 2)
    assert found["timestamp"] == host.clock.now().isoformat()
    assert 0 <= found["disk_percent"] <= 100
    assert found["disk_free_gb"] >= 0
    assert [disk["mountpoint"] for disk in found["disks"]] == ["/"]
    assert found["pressure"]["memory_full_avg10_percent"] == 0.75
    assert "cpu_full_avg10_percent" not in found["pressure"]


def test_the_first_cpu_percentage_is_measured(host: Host) -> None:
    """It is over a tenth of a second, never the 0.0 of a counter read once."""
    found = SystemStatus(host.clock, host.root).read()
    assert found["cpu_percent"] == pytest.approx(40, abs=1)
    assert found["cpu_window_seconds"] == pytest.approx(0.1)


def test_a_later_call_measures_since_the_last_one(host: Host) -> None:
    """It does not sleep: the time in between is its window."""
    status = SystemStatus(host.clock, host.root)
    status.read()
    host.pass_time(5, busy_percent=80)
    found = status.read()
    assert found["cpu_percent"] == pytest.approx(80, abs=1)
    assert found["cpu_window_seconds"] == pytest.approx(5)


def test_a_call_right_after_another_repeats_its_percentage(host: Host) -> None:
    """Over a millisecond a percentage would be noise."""
    status = SystemStatus(host.clock, host.root)
    first = status.read()
    host.pass_time(0.001, busy_percent=100)
    assert status.read()["cpu_percent"] == first["cpu_percent"]


def test_an_old_sample_is_not_used(host: Host) -> None:
    """After an hour of rest, the percentage is of now and not of that hour."""
    status = SystemStatus(host.clock, host.root)
    status.read()
    host.pass_time(LONGEST_WINDOW_SECONDS + 1, busy_percent=0)
    assert status.read()["cpu_percent"] == pytest.approx(40, abs=1)


def test_absent_pressure_is_null(host: Host) -> None:
    """A kernel without PSI leaves the fields there, and empty."""
    for resource in ("cpu", "memory", "io"):
        (host.root / "pressure" / resource).unlink()
    assert set(SystemStatus(host.clock, host.root).read()["pressure"].values()) == {None}
