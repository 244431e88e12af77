"""CPU use between two samples."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.host import cpu
from optimizer.host.cgroup import CpuQuota
from optimizer.host.procfs import CpuTimes
from tests.strategies import cpu_times

FILE = Path("/x/cpu.max")


def test_idle_and_iowait_are_not_busy() -> None:
    """A core that waits for a disk can still do something else; one that was taken away cannot."""
    times = CpuTimes(user=10, nice=5, system=5, idle=60, iowait=10, irq=1, softirq=4, steal=5)
    assert cpu.busy_percent(times) == 30.0
    assert cpu.modes_percent(times)["steal"] == 5.0


def test_a_counter_that_steps_back_counts_as_none() -> None:
    """The kernel's iowait may do so; no percentage becomes negative by it."""
    assert cpu.spent(CpuTimes(iowait=100), CpuTimes(iowait=90, user=10)) == CpuTimes(user=10)


@given(cpu_times, cpu_times)
def test_percentages_are_percentages(before: CpuTimes, after: CpuTimes) -> None:
    """Between any two samples; and the modes add up to all of the time, or to none of no time."""
    spent = cpu.spent(before, after)
    assert 0 <= cpu.busy_percent(spent) <= 100
    assert sum(cpu.modes_percent(spent).values()) == pytest.approx(100 if sum(spent) else 0, abs=0.1)


@given(allowed=st.integers(1, 4096), cores=st.floats(0.01, 4096))
def test_no_more_cores_are_usable_than_granted(allowed: int, cores: float) -> None:
    """Both the affinity and the quota bound them."""
    usable = cpu.usable_cores(allowed, CpuQuota(cores=cores, file=FILE))
    assert usable <= allowed
    assert usable <= cores + 0.01
    assert cpu.usable_cores(allowed, None) == allowed
