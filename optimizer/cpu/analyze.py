"""CPU of the host: how busy the cores are, with what, and who waits."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from optimizer.cpu.usage import busiest
from optimizer.host import cpu, pressure, processes
from optimizer.host.processes import Scan
from optimizer.host.procfs import PROC, CpuTimes
from optimizer.jobs import Job
from optimizer.ports import Progress
from optimizer.runner import Analysis, Finding
from optimizer.values import JsonObject

#: Fifty kernel ticks: a process's share is known to 2 % of a core.
WINDOW_SECONDS = 0.5
#: How often a cancelled job is noticed while it waits.
_GLANCE_SECONDS = 0.1
#: How many processes are listed.
_LISTED = 20
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    times: Mapping[str, CpuTimes]
    scan: Scan


def analyze_cpu(window_seconds: float = WINDOW_SECONDS, proc_root: Path = PROC) -> Analysis:
    """The handler of `analyze_cpu`: two samples, and what happened in the `window_seconds` between them.

    `cpu_percent` is of all cores together, without idle and iowait; a process's is of one core, from the
    time of all its threads (/proc/PID/schedstat would tell of the first one only). `cores_usable` is what
    this worker can get: where it may run, bounded by the quota of its control groups.
    """

    def look(_job: Job, progress: Progress) -> Finding:
        before = _sample(progress, proc_root)
        _wait(window_seconds, progress)
        after = _sample(progress, proc_root)
        return Finding(
            result={
                "window_seconds": round(after.at - before.at, 3),
                **_cores(before, after),
                **_granted(proc_root),
                **_load_average(),
                "pressure": pressure.read("cpu", proc_root),
                **_processes(before, after),
            }
        )

    return Analysis(look=look)


def _sample(progress: Progress, proc_root: Path) -> _Sample:
    scan = processes.scan(progress, proc_root)
    return _Sample(at=time.monotonic(), times=cpu.read_times(proc_root), scan=scan)


def _wait(seconds: float, progress: Progress) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        progress.report(phase="sampling")
        time.sleep(min(left, _GLANCE_SECONDS))


def _cores(before: _Sample, after: _Sample) -> JsonObject:
    # A core that went on or off line in between is in one sample only
    spent = {name: cpu.spent(before.times[name], after.times[name]) for name in after.times if name in before.times}
    together = spent.pop("cpu")
    return {
        "cpu_percent": cpu.busy_percent(together),
        "modes_percent": cpu.modes_percent(together),
        "cores": [
            {"core": int(name.removeprefix("cpu")), "cpu_percent": cpu.busy_percent(times)}
            for name, times in spent.items()
        ],
    }


def _granted(proc_root: Path) -> JsonObject:
    allowed, quota = cpu.allowed_cores(), cpu.quota(proc_root)
    return {
        "cores_usable": cpu.usable_cores(allowed, quota),
        "cores_allowed": allowed,
        "quota": {"cores": round(quota.cores, 2), "file": str(quota.file)} if quota else None,
    }


def _load_average() -> JsonObject:
    """Tasks that run, are ready to, or wait for a disk: averages over 1, 5 and 15 minutes."""
    names = ("load_1min", "load_5min", "load_15min")
    return dict(zip(names, (round(load, 2) for load in os.getloadavg()), strict=True))


def _processes(before: _Sample, after: _Sample) -> JsonObject:
    ticks = (after.at - before.at) * _TICKS_PER_SECOND
    users = busiest(before.scan.stats, after.scan.stats, ticks, _LISTED)
    return {"busiest_processes": [usage.to_json() for usage in users], **after.scan.to_json()}
