"""A second process for whatever starts programs, so that none of them is left when one of the two is killed."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from optimizer.cli.stack.child import GRACE_SECONDS
from optimizer.cli.stack.with_parent import PR_SET_CHILD_SUBREAPER, end_with, prctl

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL_SECONDS = 0.05


def guarded(work: Callable[[], int], grace: float = GRACE_SECONDS) -> int:
    """Do `work` in a new process, and return its exit code.

    There, SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt. This process only passes them on and waits:
    where it is killed, the other gets SIGTERM and ends what it started in good order; where the other is
    killed, its programs get SIGTERM, become this one's, and are killed `grace` seconds later.
    """
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    worker = os.fork()
    if worker == 0:
        with ending_at_signals():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            end_with(parent)
            return work()
    for number in _SIGNALS:
        signal.signal(number, lambda number, _frame: _pass_on(number, worker))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    code = _exit_code_of(worker)
    _end_orphans(grace)
    return code


@contextmanager
def ending_at_signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt at the first, and do nothing after it.

    The second Ctrl-C of an impatient person would otherwise break off the orderly end that the first one began.
    """

    def once(_number: int, _frame: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, once) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pass_on(number: int, process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)


def _exit_code_of(worker: int) -> int:
    """Wait for it, and for any orphan of its that ends before."""
    ended = status = 0
    while ended != worker:
        ended, status = os.waitpid(-1, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        print(f"hro: ended by {signal.Signals(-code).name}; stopping what it had started …", file=sys.stderr)
    return code if code >= 0 else 128 - code  # as a shell has it


def _end_orphans(grace: float) -> None:
    """Wait for what is left below this process, and kill it after `grace` seconds."""
    deadline = time.monotonic() + grace
    with suppress(ChildProcessError):  # there is none any more
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(_POLL_SECONDS)
            if time.monotonic() > deadline:
                for orphan in psutil.Process().children(recursive=True):
                    with suppress(psutil.NoSuchProcess):
                        orphan.kill()
