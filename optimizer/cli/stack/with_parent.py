"""Runs a program that ends with its parent, even when that is killed by a signal that nobody can catch.

    python -I -S with_parent.py PARENT_PID PROGRAM ARGUMENT...

The program takes this one's place, so nothing extra stays in memory. A script of the standard library alone: setting
this between fork and exec, in the parent, would not be safe where that has threads.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

#: The option of prctl(2) that asks for a signal at the parent's death; from linux/prctl.h
PR_SET_PDEATHSIG = 1
#: The option of prctl(2) that makes orphans below this process its children; from linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36


def prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def end_with(parent: int) -> None:
    """Get SIGTERM when the parent process dies; end now if that happened already."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


def main(arguments: Sequence[str]) -> None:
    parent, *command = arguments
    end_with(int(parent))
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and that would be handed down
    os.execvp(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as problem:
        sys.exit(f"{sys.argv[2]}: {problem.strerror}")
