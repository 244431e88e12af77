"""Runs one command and prints what it took, as JSON.

    python -I -S launch.py OUTPUT ERRORS CACHE PROGRAM [ARGUMENT...]

CACHE is the folder that the program finds as the user's cache.

This is a program of its own because the kernel counts, as a child's peak, also the memory that it had before its exec:
that of the process which started it. `floor_kib` is that figure here, below which no peak can be told.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(output: str, errors: str, cache: str, *command: str) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": cache}  # noqa: TID251 - handed on
    with Path(output).open("wb") as out, Path(errors).open("wb") as err:
        start = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment)
        _, status, usage = os.wait4(child.pid, 0)  # its children that it waited for are in these figures
        wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait for it again
    took = {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_kib": usage.ru_maxrss,
        "floor_kib": own_peak_kib(),
        "exit_code": child.returncode,
    }
    print(json.dumps(took))


def own_peak_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
