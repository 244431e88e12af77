"""When a program that ended by itself is started again, and when that is no use any more. Pure."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Patience:
    """In seconds. A program that ends `most` times `within` so long is given up; one that runs for so long is well."""

    first_pause: float = 1.0
    longest_pause: float = 30.0
    most: int = 5
    within: float = 60.0


@dataclass(slots=True)
class Endings:
    """Those of one program that nobody had asked for."""

    patience: Patience
    _recent: deque[float] = field(default_factory=deque, init=False)
    _in_a_row: int = field(default=0, init=False)

    def pause(self, began: float, ended: float) -> float | None:
        """Seconds until it is started again, twice as many each time; None where it ends again and again at once."""
        patience = self.patience
        if ended - began >= patience.within:
            self._in_a_row = 0
        self._recent.append(ended)
        while self._recent[0] <= ended - patience.within:
            self._recent.popleft()
        if len(self._recent) >= patience.most:
            return None
        pause = min(patience.longest_pause, patience.first_pause * 2.0**self._in_a_row)
        self._in_a_row += pause < patience.longest_pause  # so that the power stays a small one
        return pause
