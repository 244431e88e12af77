"""What figures were obtained on and with, which has to stand beside them."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def facts(folder: Path, programs: Iterable[str]) -> dict[str, Any]:
    """The machine, the filesystem of `folder`, the commit of the product, and the versions of the programs."""
    return {
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cpus": os.cpu_count(),
        "cpus_usable": len(os.sched_getaffinity(0)),
        "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1_000_000,
        "filesystem": first_line(["findmnt", "-n", "-o", "FSTYPE", "-T", str(folder)]),
        "python": platform.python_version(),
        "commit": first_line(["git", "-C", str(_HERE), "describe", "--always", "--abbrev=12", "--dirty"]),
        "versions": {name: first_line([name, "--version"]) for name in programs if shutil.which(name)},
    }


def first_line(command: Sequence[str]) -> str | None:
    """What the command says first, on either stream; None where it cannot be run or fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except OSError:
        return None
    lines = done.stdout.decode(errors="replace").split("\n")
    return next((line.strip() for line in lines if line.strip()), None) if done.returncode == 0 else None


def _field(path: str, name: str) -> str | None:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return None
