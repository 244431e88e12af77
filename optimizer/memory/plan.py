"""What can be done about memory without taking any from a process that uses it. Pure."""

from dataclasses import dataclass

from optimizer.jobs import Job
from optimizer.plans import Action, OutcomeStatus, Plan, Verdict
from optimizer.runner import Applied, Finding

TRIM_HEAP = "trim_heap"

#: A smaller change of RSS is noise: that of an idle worker moved by up to three pages from one measurement to
#: the next, as measuring takes memory too. Five times that, rounded up, is out of its reach.
NOISE_BYTES = 64 * 1024

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The process that runs the job."""

    pid: int
    start_ticks: int
    rss_bytes: int
    can_trim: bool  #: whether its C library has malloc_trim


def plan_memory(_job: Job, worker: Worker) -> Plan:
    """One action on the worker's own heap. Other processes' memory is theirs."""
    if not worker.can_trim:
        return Plan(notes=("This worker's C library has no malloc_trim: it cannot be told to give free heap back.",))
    return Plan(
        actions=(
            Action(
                number=0,
                type=TRIM_HEAP,
                target={"pid": worker.pid},
                relied_on={"start_ticks": worker.start_ticks},
                # Only memory that holds nothing is given back, and it is there again when the process asks
                # for it: nothing is lost, so there is nothing to undo
                reversible=True,
                # What lies free in the heap may be in pages shared with what is used: only trying tells
                claimed_bytes=0,
                reason="Give the free heap of the memory worker back to the system",
            ),
        ),
        notes=("Only this worker's own memory is touched; dropping the host's caches would free nothing in use.",),
    )


def conclude(applied: Applied) -> Finding:
    """What the measurements say. Freed bytes are signed: less than zero where the worker grew meanwhile.

    `mem_available_delta_bytes` is the whole host's doing, and slow: pages just freed wait in lists of each CPU
    that MemAvailable does not count. So the verdict is by the worker's own RSS.
    """
    before, after = applied.before, applied.after
    freed = before["rss_bytes"] - after["rss_bytes"]
    done = any(outcome.status is OutcomeStatus.DONE for outcome in applied.outcomes)
    freed_by_us = freed if done else 0
    freed_mb = round(freed_by_us / _MIB, 3)
    return Finding(
        result={
            "initial_memory_percent": before["memory_percent"],
            "final_memory_percent": after["memory_percent"],
            "memory_freed_mb": freed_mb,
            "rss_freed_bytes": freed_by_us,
            "mem_available_delta_bytes": after["mem_available_bytes"] - before["mem_available_bytes"],
        },
        event={"freed_mb": freed_mb, "duration_ms": applied.duration_ms},
        gauges={"memory_freed_bytes": freed_by_us},
        verdict=verdict(freed_by_us),
    )


def verdict(freed_bytes: int) -> Verdict:
    if abs(freed_bytes) < NOISE_BYTES:
        return Verdict.NO_EFFECT
    return Verdict.IMPROVED if freed_bytes > 0 else Verdict.MADE_WORSE
