"""Which process this is, in words that mean the same one later; and ending it, once it must not act any more."""

import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from optimizer.host.procfs import PROC, read_process


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process id alone may mean another process tomorrow, or in another container."""

    pid: int
    start_ticks: int
    namespace: str  #: of process ids
    boot: str

    def to_text(self) -> str:
        return json.dumps(asdict(self))

    def is_running(self) -> bool:
        """Whether it is still there, as far as this process can see: only its own namespace."""
        return self.pid != os.getpid() and _identity(self.pid) == self

    def kill(self) -> None:
        """End it at once, stopped or not; nothing where it is gone or out of sight."""
        if self.is_running():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def holder_from_text(text: str) -> Holder:
    return Holder(**json.loads(text))


def this_process() -> Holder:
    """Raises OSError where there is no /proc."""
    found = _identity(os.getpid())
    if found is None:
        raise ProcessLookupError("this process is not in /proc")
    return found


def _identity(pid: int) -> Holder | None:
    try:
        return Holder(
            pid=pid,
            start_ticks=read_process(pid).start_ticks,
            namespace=str((PROC / "self" / "ns" / "pid").readlink()),
            boot=Path(PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
        )
    except (FileNotFoundError, ProcessLookupError):
        return None
