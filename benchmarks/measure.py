"""Measures commands in turn on a machine that may not be quiet."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.figures import Run, rotated

#: A CPU that does more than this share of its time is not quiet.
BUSY = 0.07
#: Seconds over which that is looked at.
LOOK = 0.5
_KIB = 1024 / 1_000_000  # in MB

Result = TypeVar("Result")


def launch(command: Sequence[str | Path], output: Path, errors: Path, cache: Path, *, quiet: bool) -> Run:
    """Run the command with its output in files, and `cache` for the user's cache folder."""
    launcher: list[str | Path] = [sys.executable, "-I", "-S", Path(__file__).with_name("launch.py")]
    said = subprocess.run([*launcher, output, errors, cache, *command], stdout=subprocess.PIPE, check=True).stdout
    took = json.loads(said)
    return Run(
        wall=took["wall"],
        cpu=took["cpu"],
        peak_mb=took["peak_kib"] * _KIB,
        floor_mb=took["floor_kib"] * _KIB,
        exit_code=took["exit_code"],
        quiet=quiet,
    )


def rounds(names: Sequence[str], count: int, measure: Callable[[str], Result]) -> list[dict[str, Result]]:
    """Measure each once a round, in an order that is rotated from round to round."""
    return [{name: measure(name) for name in rotated(names, number)} for number in range(count)]


def wait_until_quiet(limit: float) -> bool:
    """Whether every CPU that we may use came to rest within `limit` seconds; for 0 nobody looks, and none did."""
    deadline = time.monotonic() + limit
    cpus = os.sched_getaffinity(0)
    while time.monotonic() < deadline:
        before = _read_stat()
        time.sleep(LOOK)
        if busiest(before, _read_stat(), cpus) <= BUSY:
            return True
    return False


def _read_stat() -> str:
    return Path("/proc/stat").read_text()


def busiest(before: str, after: str, cpus: set[int]) -> float:
    """The share of its time that the busiest of these CPUs did not idle, between two readings of /proc/stat.

    Waiting for the disk and time that a hypervisor stole count as not idle: proc_stat(5).
    """
    first, second = _ticks(before), _ticks(after)
    shares = []
    for cpu in cpus & first.keys() & second.keys():
        spent = [end - begin for begin, end in zip(first[cpu], second[cpu], strict=True)]
        # The first eight fields are all time there is; guest time, after them, is in user time already
        total, idle = sum(spent[:8]), spent[3]
        shares.append((total - idle) / total if total else 0.0)
    return max(shares, default=0.0)


def _ticks(stat: str) -> dict[int, list[int]]:
    rows = (line.split() for line in stat.splitlines())
    return {
        int(row[0].removeprefix("cpu")): [int(value) for value in row[1:]]
        for row in rows
        if row and row[0].startswith("cpu") and row[0] != "cpu"
    }
