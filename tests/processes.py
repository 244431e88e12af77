"""Looking after processes from tests."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path


def runs(pid: int) -> bool:
    """Whether the process runs; one that ended and only waits to be collected does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it comes to hold; a deadline so generous that only something broken meets it."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def all_gone(pids: Iterable[int]) -> bool:
    pids = list(pids)
    return eventually(lambda: not any(runs(pid) for pid in pids))
