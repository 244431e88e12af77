"""A program that this process started: in a process group of its own, its output in a log file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from optimizer.cli.stack import with_parent

#: How long a program may take to end in good order before it is killed; a worker needs up to 10 s for its jobs
GRACE_SECONDS = 15.0
_POLL_SECONDS = 0.05
_TAIL_LINES = 20
_TAIL_BYTES = 16_384


class Child:
    """A running program. It gets SIGTERM when this process dies, however that happens."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """`environment`: all of it; this process's where it is None. `log` is written anew, the last one kept."""
        self.name = name
        self.log = log
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        with log.open("xb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", with_parent.__file__, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                pass_fds=pass_fds,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended. It is not waited for yet, so that its process group keeps its number."""
        if self._process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def ask_to_end(self) -> None:
        """SIGTERM to the program alone: it ends its own children in the order it needs."""
        if not self.ended:
            os.kill(self.pid, signal.SIGTERM)

    def end_now(self) -> int:
        """Kill what is left of its process group. Returns its exit status, as subprocess has it."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()

    def tail(self) -> str:
        """The last lines of its log."""
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - _TAIL_BYTES))
            text = log.read().decode("utf-8", "backslashreplace")
        return "\n".join(text.splitlines()[-_TAIL_LINES:])


def end_all(children: Iterable[Child], grace: float = GRACE_SECONDS) -> None:
    """End them side by side, and kill those that take longer than `grace` seconds, with all that they started."""
    children = list(children)
    for child in children:
        child.ask_to_end()
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and not all(child.ended for child in children):
        time.sleep(_POLL_SECONDS)
    for child in children:
        child.end_now()
