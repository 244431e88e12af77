"""What the kernel tells in /proc: pure parsers, and the few reads that they need.

Formats: proc(5), proc_pid_stat(5), proc_meminfo(5), proc_stat(5).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from optimizer.paths import readable

PROC = Path("/proc")

#: `Name:   123 kB` of meminfo, smaps_rollup and status; the kernel's kB are units of 1024 bytes.
_SIZE = re.compile(rb"^(\w+(?:\(\w+\))?):\s+(\d+) kB$", re.MULTILINE)
_KIB = 1024

#: Places after the name, which the manual page numbers from 3.
_UTIME, _STIME, _STARTTIME, _RSS = (number - 3 for number in (14, 15, 22, 24))


class CpuTimes(NamedTuple):
    """Clock ticks spent in each mode since boot; they add up to the time that went by."""

    user: int = 0
    nice: int = 0
    system: int = 0
    idle: int = 0
    iowait: int = 0
    irq: int = 0
    softirq: int = 0
    steal: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStat:
    """One process as /proc/PID/stat shows it."""

    pid: int
    name: str  #: at most 15 bytes of the program's name; a process may choose it freely
    cpu_ticks: int  #: utime + stime of all its threads
    start_ticks: int  #: clock ticks from boot to its start: with the pid, which process it is
    rss_pages: int


def parse_sizes(text: bytes) -> Mapping[str, int]:
    """Every `Name: N kB` line, in bytes; lines of another form are left out."""
    return {match[1].decode("ascii"): int(match[2]) * _KIB for match in _SIZE.finditer(text)}


def parse_process_stat(text: bytes) -> ProcessStat:
    """One process's line. Its name may hold parentheses, spaces and newlines: it ends at the last `)`.

    Raises ValueError where the text is not such a line.
    """
    opening, closing = text.find(b"("), text.rfind(b")")
    fields = text[closing + 1 :].split()
    if opening < 0 or closing < opening or len(fields) <= _RSS:
        raise ValueError("not a line of /proc/PID/stat")
    return ProcessStat(
        pid=int(text[:opening]),
        name=readable(text[opening + 1 : closing]),
        cpu_ticks=int(fields[_UTIME]) + int(fields[_STIME]),
        start_ticks=int(fields[_STARTTIME]),
        rss_pages=int(fields[_RSS]),
    )


def parse_cpu_times(text: bytes) -> Mapping[str, CpuTimes]:
    """The `cpu` lines of /proc/stat: `cpu` for all cores together, `cpu0`, `cpu1`… for each one online.

    The guest columns are left out: `user` and `nice` hold that time already.
    """
    times = {}
    for line in text.splitlines():
        name, *ticks = line.split() or [b""]
        if re.fullmatch(rb"cpu\d*", name):
            times[name.decode("ascii")] = CpuTimes(*map(int, ticks[: len(CpuTimes._fields)]))
    return times


def pids(proc_root: Path = PROC) -> Iterator[int]:
    """The processes that this one can see, in rising order."""
    yield from sorted(int(entry.name) for entry in proc_root.iterdir() if entry.name.isdecimal())


def read_process(pid: int | str, proc_root: Path = PROC) -> ProcessStat:
    """The process with this pid; `self` is this one. Raises OSError where it is gone or out of reach."""
    return parse_process_stat((proc_root / str(pid) / "stat").read_bytes())


def read_sizes(name: str, proc_root: Path = PROC) -> Mapping[str, int]:
    """The sizes in a file such as `meminfo` or `123/smaps_rollup`. Raises OSError."""
    return parse_sizes((proc_root / name).read_bytes())
