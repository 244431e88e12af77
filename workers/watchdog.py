"""Tells a worker that takes nothing from one that has nothing to take. Pure."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Watchdog:
    seconds: float  #: for which messages may wait while nothing runs and none is taken
    _taken: int = field(default=0, init=False)
    _since: float | None = field(default=None, init=False)

    def is_stuck(self, now: float, *, taken: int, is_running: bool, waiting: int) -> bool:
        """Asked again and again. `now` in seconds; `taken`: messages that the worker has ever taken."""
        if is_running or not waiting or taken != self._taken:
            self._taken, self._since = taken, None
            return False
        self._since = now if self._since is None else self._since
        return now - self._since >= self.seconds

    def forget(self) -> None:
        """What it saw no longer counts: nobody could take anything for a while."""
        self._since = None
