"""Why nothing is changed about the CPU in this version. Pure."""

from dataclasses import dataclass

from optimizer.jobs import Job
from optimizer.plans import Plan
from optimizer.runner import Applied, Finding


@dataclass(frozen=True, slots=True)
class Scheduling:
    autogroup: bool | None  #: kernel.sched_autogroup_enabled; None where the kernel has no such setting


#: What a nice value would be worth on the host, by its autogroup setting; see sched(7).
_NICE = {
    True: "Here kernel.sched_autogroup_enabled is 1: a nice value only counts within a session, so it would not "
    "move CPU time from one session to another.",
    False: "Here kernel.sched_autogroup_enabled is 0: nice values count between processes of a control group, and "
    "are left to the host's owner.",
    None: "This kernel has no autogroup setting: nice values are left to the host's owner.",
}


def plan_cpu(_job: Job, scheduling: Scheduling) -> Plan:
    """No action, and the reasons."""
    return Plan(notes=("This version changes no process's priority.", _NICE[scheduling.autogroup]))


def conclude(applied: Applied) -> Finding:
    return Finding(result={"initial_cpu_percent": applied.before["cpu_percent"], "processes_adjusted": 0})
