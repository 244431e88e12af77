"""Starting `hro`, and looking after processes, from tests."""

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from optimizer.settings import child_environment

#: A variable by which everything is found that a command started
_MARK = "STARTED_BY_TEST"


@dataclass(frozen=True)
class Command:
    process: "subprocess.Popen[str]"
    mark: str

    def end(self) -> tuple[int, str, str]:
        """Its exit code, and what it wrote to standard output and error, once it has ended."""
        out, error = self.process.communicate(timeout=100)
        return self.process.returncode, out, error

    def left_behind(self) -> list[str]:
        """What still runs of all that the command started."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(_MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
        return found


def hro(*arguments: str, **environment: str) -> Command:
    """`hro` with these arguments, started."""
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "optimizer.cli.main", *arguments],
        env=child_environment({_MARK: mark, **environment}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Command(process, mark)


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
