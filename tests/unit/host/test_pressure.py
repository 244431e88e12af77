"""Pressure stall information is told as the kernel tells it, or said to be absent."""

from pathlib import Path

import pytest

from optimizer.host import pressure
from tests.fakes import proc


def test_averages_and_total_have_their_units() -> None:
    """Averages are percentages, the total is in microseconds."""
    assert pressure.parse(proc.PRESSURE)["some"] == {
        "avg10_percent": 1.25,
        "avg60_percent": 0.5,
        "avg300_percent": 0.1,
        "total_us": 4185110,
    }


def test_absent_pressure_is_said_and_not_invented(tmp_path: Path) -> None:
    """A kernel without PSI gives no figures and a reason."""
    reading = pressure.read("memory", tmp_path)
    assert reading["available"] is False
    assert "No such file" in reading["reason"]
    assert pressure.average(reading, "some") is None


@pytest.mark.parametrize(("resource", "kinds"), [("cpu", {"some"}), ("memory", {"some", "full"})])
def test_full_pressure_of_the_cpu_is_left_out(tmp_path: Path, resource: pressure.Resource, kinds: set[str]) -> None:
    """The kernel prints zeros there, for a thing that is not defined."""
    reading = pressure.read(resource, proc.make_proc(tmp_path))
    assert reading["available"] is True
    assert set(reading) == {"available"} | kinds
    assert pressure.average(reading, "some") == 1.25
