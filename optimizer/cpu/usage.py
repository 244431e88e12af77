"""Which processes used the CPU between two looks at them. Pure."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from optimizer.host.procfs import ProcessStat
from optimizer.values import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    pid: int
    name: str
    cpu_percent: float  #: of one core, so that it may be above 100

    def to_json(self) -> JsonObject:
        return {"pid": self.pid, "name": self.name, "cpu_percent": self.cpu_percent}


def busiest(
    before: Iterable[ProcessStat], after: Iterable[ProcessStat], ticks_of_a_core: float, count: int
) -> list[Usage]:
    """The `count` processes that used most, the busiest first; idle ones are left out.

    `ticks_of_a_core` is how many clock ticks went by in between. A process is known by its pid and its
    start; one that started or ended in between cannot be compared, and is not listed.
    """
    if ticks_of_a_core <= 0:
        return []
    old = {(stat.pid, stat.start_ticks): stat.cpu_ticks for stat in before}
    return heapq.nsmallest(count, _used(old, after, ticks_of_a_core), key=lambda usage: (-usage.cpu_percent, usage.pid))


def _used(old: dict[tuple[int, int], int], after: Iterable[ProcessStat], ticks: float) -> Iterator[Usage]:
    for stat in after:
        used = stat.cpu_ticks - old.get((stat.pid, stat.start_ticks), stat.cpu_ticks)
        if used > 0:
            yield Usage(pid=stat.pid, name=stat.name, cpu_percent=round(100 * used / ticks, 1))
