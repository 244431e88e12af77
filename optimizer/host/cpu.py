"""How busy the cores were between two looks at /proc/stat, and how many of them this process may use."""

import os
from collections.abc import Mapping
from pathlib import Path

from optimizer.host import cgroup
from optimizer.host.cgroup import CpuQuota
from optimizer.host.memory import percent
from optimizer.host.procfs import PROC, CpuTimes, parse_cpu_times


def spent(before: CpuTimes, after: CpuTimes) -> CpuTimes:
    """The ticks of each mode in between. Some of the kernel's counters may step back: that counts as none."""
    return CpuTimes(*(max(0, new - old) for old, new in zip(before, after, strict=True)))


def busy_percent(times: CpuTimes) -> float:
    """The share of time in which a core did something or, in a guest, was kept from it (steal)."""
    return percent(sum(times) - times.idle - times.iowait, sum(times))


def modes_percent(times: CpuTimes) -> Mapping[str, float]:
    return {mode: percent(ticks, sum(times)) for mode, ticks in times._asdict().items()}


def read_times(proc_root: Path = PROC) -> Mapping[str, CpuTimes]:
    """`cpu` for all cores together and `cpuN` for each one. Raises OSError where there is no /proc."""
    return parse_cpu_times((proc_root / "stat").read_bytes())


def usable_cores(allowed: int, quota: CpuQuota | None) -> float:
    """How many cores' worth of time this process can get: where it may run, and what its groups grant."""
    return min(float(allowed), round(quota.cores, 2)) if quota else float(allowed)


def allowed_cores() -> int:
    """On how many cores this process may run (affinity and cpusets)."""
    return len(os.sched_getaffinity(0))


def quota(proc_root: Path = PROC) -> CpuQuota | None:
    return cgroup.cpu_quota(cgroup.own_groups("cpu", proc_root))
