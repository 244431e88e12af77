"""The arithmetic of side-by-side measurements. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple, TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a command took."""

    wall: float  #: seconds from its start to its end
    cpu: float  #: seconds of user and system time, its children's included
    peak_mb: float  #: resident memory of its largest process, in MB of 1,000,000 bytes
    floor_mb: float  #: a peak of at most this much is only known to be no larger
    exit_code: int  #: negative for a signal
    quiet: bool  #: the machine was quiet when it started


class Spread(NamedTuple):
    """A median and what lies farthest from it."""

    median: float
    low: float
    high: float

    def text(self, decimals: int = 2) -> str:
        return f"{self.median:.{decimals}f} ({self.low:.{decimals}f}-{self.high:.{decimals}f})"


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError where there are none."""
    if not values:
        raise ValueError("Nothing was measured")
    return Spread(median(values), min(values), max(values))


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Of the ratios ours / theirs, each of one round: what slowed the machine in a round slowed both."""
    return spread([our / their for our, their in zip(ours, theirs, strict=True)])


def rotated(names: Sequence[Name], turn: int) -> list[Name]:
    """The same order, begun one later each turn, so that none always follows the same cold start or heavy run."""
    start = turn % len(names) if names else 0
    return [*names[start:], *names[:start]]
