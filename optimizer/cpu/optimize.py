"""The handler of `optimize_cpu`: it measures, and says why it changes nothing."""

import time
from pathlib import Path

from optimizer.cpu.plan import Scheduling, conclude, plan_cpu
from optimizer.host import cpu, pressure
from optimizer.host.procfs import PROC
from optimizer.runner import Change, unknown_action
from optimizer.values import JsonObject

#: Ten kernel ticks: the shortest time in which a share of CPU time can be told.
_WINDOW_SECONDS = 0.1


def optimize_cpu(proc_root: Path = PROC) -> Change[Scheduling]:
    """Plans nothing. `before` and `after` have `cpu_percent` and `pressure`, as `analyze_cpu` has them."""
    return Change(
        analyze=lambda _job, _progress: scheduling(proc_root),
        plan=plan_cpu,
        apply=unknown_action,
        measure=lambda: measure(proc_root),
        conclude=conclude,
    )


def scheduling(proc_root: Path = PROC) -> Scheduling:
    try:
        text = (proc_root / "sys" / "kernel" / "sched_autogroup_enabled").read_text(encoding="ascii")
    except OSError:
        return Scheduling(autogroup=None)
    return Scheduling(autogroup=text.strip() != "0")


def measure(proc_root: Path = PROC) -> JsonObject:
    before = cpu.read_times(proc_root)["cpu"]
    time.sleep(_WINDOW_SECONDS)
    after = cpu.read_times(proc_root)["cpu"]
    return {
        "cpu_percent": cpu.busy_percent(cpu.spent(before, after)),
        "pressure": pressure.read("cpu", proc_root),
    }
