"""Which processes hold the most memory, read with as little work as that takes. Pure."""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from optimizer.values import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a process holds. PSS shares a page among those that map it; RSS counts it for each of them."""

    pid: int
    name: str
    memory_bytes: int
    measure: Literal["pss", "rss"]
    rss_bytes: int

    def to_json(self) -> JsonObject:
        return {
            "pid": self.pid,
            "name": self.name,
            "memory_bytes": self.memory_bytes,
            "measure": self.measure,
            "rss_bytes": self.rss_bytes,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    pid: int
    name: str
    rss_bytes: int


def largest(
    candidates: Iterable[Candidate], measure: Callable[[Candidate], Footprint | None], count: int
) -> list[Footprint]:
    """The `count` largest, largest first; of two equal ones the lower pid first.

    To read a PSS the kernel walks all page tables of a process, so it is asked as seldom as possible: no
    PSS is above its RSS, so that by falling RSS the search ends where none of the rest can be among the
    largest. `measure` says None of a process that has ended.
    """
    found: list[Footprint] = []
    sizes: list[int] = []  # the largest sizes so far, as a heap
    for candidate in sorted(candidates, key=lambda each: -each.rss_bytes):
        if len(sizes) == count and candidate.rss_bytes < sizes[0]:
            break
        footprint = measure(candidate)
        if footprint is not None:
            found.append(footprint)
            (heapq.heappush if len(sizes) < count else heapq.heappushpop)(sizes, footprint.memory_bytes)
    return sorted(found, key=lambda each: (-each.memory_bytes, each.pid))[:count]
