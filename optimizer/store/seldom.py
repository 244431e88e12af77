"""For what would be said again and again while somebody does nothing about it."""

from dataclasses import dataclass, field

#: One thing is said once in so many seconds
SECONDS = 60.0
#: Things that are remembered; with more, all may be said anew
_MOST = 1000


@dataclass(slots=True)
class Seldom:
    _said: dict[str, float] = field(default_factory=dict, init=False)

    def is_time(self, what: str, now: float) -> bool:
        """Whether to say it. `now`: on the monotonic clock."""
        said = self._said.get(what)
        if said is not None and now - said < SECONDS:
            return False
        if len(self._said) >= _MOST:
            self._said.clear()
        self._said[what] = now
        return True
