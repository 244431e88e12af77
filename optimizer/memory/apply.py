"""Looks at the worker's own memory, and gives its free heap back."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

from optimizer.host import memory, procfs
from optimizer.host.procfs import PROC
from optimizer.jobs import Job
from optimizer.memory.plan import TRIM_HEAP, Worker
from optimizer.plans import Action, Outcome, OutcomeStatus
from optimizer.ports import Progress
from optimizer.values import JsonObject


def observe(_job: Job, _progress: Progress) -> Worker:
    return Worker(
        pid=os.getpid(),
        start_ticks=procfs.read_process("self").start_ticks,
        rss_bytes=rss_bytes(),
        can_trim=malloc_trim() is not None,
    )


def malloc_trim() -> Callable[[int], int] | None:
    """What gives free heap back; None where the C library has no such call, as musl."""
    try:
        function: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return function


def rss_bytes(proc_root: Path = PROC) -> int:
    """The RSS of this process, counted page by page.

    The RSS of /proc/self/stat and statm is summed up from counters that each CPU keeps, and lags behind by
    more than what is measured here. A process that must not be dumped may not read its own smaps: then that
    sum is all there is.
    """
    try:
        return procfs.read_sizes("self/smaps_rollup", proc_root)["Rss"]
    except OSError:
        return procfs.read_process("self", proc_root).rss_pages * os.sysconf("SC_PAGE_SIZE")


def measure() -> JsonObject:
    """`rss_bytes` of this process; `mem_available_bytes` and `memory_percent` of what it can get."""
    ram = memory.read()
    return {
        "rss_bytes": rss_bytes(),
        "mem_available_bytes": ram.available_bytes,
        "memory_percent": ram.used_percent,
    }


def trim_heap(action: Action, _progress: Progress) -> Outcome:
    """Give free heap back, where this is still the very process that the plan was made for."""
    trim = malloc_trim()
    if action.type != TRIM_HEAP or trim is None:
        return _undone(action, OutcomeStatus.FAILED, f"this worker knows no action {action.type}")
    if not _is_this_process(action):
        return _undone(action, OutcomeStatus.SKIPPED, "the worker process that was planned for has been replaced")
    before = rss_bytes()
    trim(0)
    return Outcome(
        number=action.number,
        status=OutcomeStatus.DONE,
        measured={"rss_before_bytes": before, "rss_after_bytes": rss_bytes()},
    )


def _is_this_process(action: Action) -> bool:
    return (
        action.target.get("pid") == os.getpid()
        and action.relied_on.get("start_ticks") == procfs.read_process("self").start_ticks
    )


def _undone(action: Action, status: OutcomeStatus, reason: str) -> Outcome:
    return Outcome(number=action.number, status=status, reason=reason)
