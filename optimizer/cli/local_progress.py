"""How far a local scan is, on one line of a terminal."""

import shutil
import time
from typing import TextIO

from optimizer.cli.local_text import human_size
from optimizer.paths import printable_text

_SECONDS_BETWEEN = 0.1
_VERBS = {"walk": "looking at", "compare": "comparing", "hash": "reading"}
#: To the first column, and clear the line; see console_codes(4).
_CLEAR = "\r\x1b[K"


class TerminalProgress:
    """Part of port Progress. Writes over its own line, at most ten times a second; nobody cancels it but ^C."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = 0.0

    def report(self, **counts: int | str) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _SECONDS_BETWEEN
        verb = _VERBS.get(str(counts.get("phase")), "working")
        size = human_size(int(counts.get("bytes", 0)))
        where = printable_text(str(counts.get("current", "")))
        line = f"{verb}: {counts.get('files', 0):,} files, {size}  {where}"
        self._stream.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def clear(self) -> None:
        """Leave nothing of it on the terminal."""
        self._stream.write(_CLEAR)
        self._stream.flush()
