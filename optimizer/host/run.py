"""Running another program to its end, as a user of this host and with nothing of our own environment."""

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from optimizer.host.capabilities import parse_status, privileges
from optimizer.host.people import Account
from optimizer.host.procfs import PROC
from optimizer.paths import printable

#: Where programs are looked for, whatever the PATH of this process
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Bytes of a program's output that are kept: its last ones
_KEPT = 1000
#: Seconds between two looks whether it is to be stopped, and how long it has to stop when it is asked to
_TICK, _GRACE = 0.2, 5.0
#: User and password in an address
_SECRET = re.compile(r"://[^/\s@]+@")
#: What it takes to run a program as another user, and to stop it
_TO_BECOME = frozenset({"CAP_SETUID", "CAP_SETGID", "CAP_KILL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    exit_code: int | None  #: negative: the signal that ended it; None: it took too long and was stopped
    output: str  #: its last lines


def may_become(uid: int, proc_root: Path = PROC) -> bool:
    """Whether this process can run a program as that user. Raises OSError where there is no /proc."""
    if uid == os.geteuid():
        return True
    status = parse_status((proc_root / "self" / "status").read_bytes())
    return _TO_BECOME.issubset(privileges(status)["capabilities"])


@dataclass(frozen=True, slots=True)
class Running:
    """A program that has been started, in a process group of its own."""

    process: subprocess.Popen[bytes]
    output_fd: int

    @classmethod
    def start(cls, argv: Sequence[bytes], account: Account) -> Self:
        """Raises OSError where it cannot be started; then it was not."""
        other = account.uid != os.geteuid()
        output_fd, its_output_fd = os.pipe()
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=its_output_fd,
                stderr=its_output_fd,
                cwd="/",
                env=environment(account),
                start_new_session=True,
                user=account.uid if other else None,
                group=account.gid if other else None,
                extra_groups=[] if other else None,
            )
        except BaseException:
            os.close(output_fd)
            raise
        finally:
            os.close(its_output_fd)
        return cls(process, output_fd)

    def finish(self, seconds: float, may_go_on: Callable[[], None]) -> Ended:
        """Wait until it ends. After so long, or when `may_go_on` raises, it is stopped with all that it has started."""
        deadline, output = time.monotonic() + seconds, b""
        try:
            while self.process.poll() is None and time.monotonic() < deadline:
                may_go_on()
                output = (output + self._read(_TICK))[-_KEPT:]
            code = self.process.poll()
            while part := self._read(0):
                output = (output + part)[-_KEPT:]
        finally:
            self._stop()
            os.close(self.output_fd)
        return Ended(exit_code=code, output=_shown(output))

    def _read(self, seconds: float) -> bytes:
        """What there is to read, after so long at most."""
        if not select.select([self.output_fd], [], [], seconds)[0]:
            return b""
        part = os.read(self.output_fd, 1 << 16)
        if not part:  # it has closed its output, and may still be at work
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        return part

    def _stop(self) -> None:
        """Ask it, and all that it has started, to end; then make them."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE)
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def environment(account: Account) -> Mapping[str, str]:
    """All that the program finds: nothing of what this process was started with."""
    return {
        "PATH": PATH,
        "HOME": account.home,
        "USER": account.name,
        "LOGNAME": account.name,
        "LC_ALL": "C",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def _shown(output: bytes) -> str:
    """For people: without secrets, and without what a terminal would take for an order."""
    return _SECRET.sub("://***@", "; ".join(printable(line) for line in output.splitlines() if line.strip()))
