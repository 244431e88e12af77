"""Memory of the host: what can still be had, what waits for it, and who holds it."""

import os
from pathlib import Path

from optimizer.host import memory, pressure, processes, procfs
from optimizer.host.cgroup import MemoryLimit
from optimizer.host.memory import Memory, percent
from optimizer.host.processes import GONE
from optimizer.host.procfs import PROC
from optimizer.jobs import Job
from optimizer.memory.largest import Candidate, Footprint, largest
from optimizer.ports import Progress
from optimizer.runner import Analysis, Finding
from optimizer.values import JsonObject

#: How many processes are listed.
_LISTED = 20
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def analyze_memory(proc_root: Path = PROC) -> Analysis:
    """The handler of `analyze_memory`.

    `memory_available_bytes` is what this worker can really get: within a control group with a limit that
    is less than the host has. `largest_processes` are those by PSS, or by RSS where `measure` says so, as
    other users' processes show their PSS to a privileged worker only. A name is the program's, not its
    command line: that one may hold secrets.
    """

    def look(_job: Job, progress: Progress) -> Finding:
        return Finding(
            result={
                **_amounts(memory.read(proc_root)),
                "pressure": pressure.read("memory", proc_root),
                **_processes(progress, proc_root),
            }
        )

    return Analysis(look=look)


def _amounts(ram: Memory) -> JsonObject:
    return {
        "memory_total_bytes": ram.total_bytes,
        "memory_available_bytes": ram.available_bytes,
        "memory_percent": ram.used_percent,
        "host_total_bytes": ram.host_total_bytes,
        "host_available_bytes": ram.host_available_bytes,
        "limit": _limit(ram.limit),
        "swap_total_bytes": ram.swap_total_bytes,
        "swap_used_bytes": ram.swap_used_bytes,
        "swap_percent": percent(ram.swap_used_bytes, ram.swap_total_bytes),
    }


def _limit(limit: MemoryLimit | None) -> JsonObject | None:
    """The control group's limit that leaves the least room, with the file it stands in."""
    if limit is None:
        return None
    return {
        "limit_bytes": limit.limit_bytes,
        "usage_bytes": limit.usage_bytes,
        "room_bytes": limit.room_bytes,
        "file": str(limit.file),
    }


def _processes(progress: Progress, proc_root: Path) -> JsonObject:
    scan = processes.scan(progress, proc_root)
    # Kernel threads have no memory of their own
    candidates = [Candidate(stat.pid, stat.name, stat.rss_pages * _PAGE_BYTES) for stat in scan.stats if stat.rss_pages]
    found = largest(candidates, lambda candidate: _footprint(candidate, progress, proc_root), _LISTED)
    return {"largest_processes": [footprint.to_json() for footprint in found], **scan.to_json()}


def _footprint(candidate: Candidate, progress: Progress, proc_root: Path) -> Footprint | None:
    progress.report(phase="sizes", pid=candidate.pid)
    try:
        pss = procfs.read_sizes(f"{candidate.pid}/smaps_rollup", proc_root).get("Pss")
    except GONE:
        return None
    except OSError:  # not ours to see
        pss = None
    return Footprint(
        pid=candidate.pid,
        name=candidate.name,
        memory_bytes=candidate.rss_bytes if pss is None else pss,
        measure="rss" if pss is None else "pss",
        rss_bytes=candidate.rss_bytes,
    )
