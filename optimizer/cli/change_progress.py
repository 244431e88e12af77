"""How far a local change is, on one line of a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from optimizer.cli.local_progress import TerminalProgress
from optimizer.host.meter import NoProgress
from optimizer.ports import Progress

_CLEAR = "\r\x1b[K"


class _ChangeProgress:
    """Part of port Progress. Looking is told as by the other local commands, acting by its actions."""

    def __init__(self, looking: TerminalProgress) -> None:
        self._looking = looking

    def report(self, **counts: int | str) -> None:
        if counts.get("phase") != "apply":
            self._looking.report(**counts)
            return
        sys.stderr.write(f"{_CLEAR}acting: {counts['actions_done']:,} of {counts['actions_total']:,}")
        sys.stderr.flush()


@contextmanager
def showing_progress() -> Iterator[Progress]:
    """On standard error, if somebody can see it there."""
    if not sys.stderr.isatty():
        yield NoProgress()
        return
    looking = TerminalProgress(sys.stderr)
    try:
        yield _ChangeProgress(looking)
    finally:
        looking.clear()
