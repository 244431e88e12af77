"""The few largest of very many things. Pure."""

import heapq
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Largest(Generic[Thing]):
    """Keeps the `count` largest things it is shown; of equal ones, those that came first."""

    def __init__(self, count: int) -> None:
        self.threshold = -1  #: what is not larger than this need not be shown
        self._count = count
        self._heap: list[tuple[int, int, Thing]] = []
        self._shown = 0

    def add(self, size: int, thing: Thing) -> None:
        self._shown += 1
        if len(self._heap) < self._count:
            heapq.heappush(self._heap, (size, -self._shown, thing))
        elif size > self._heap[0][0]:
            heapq.heapreplace(self._heap, (size, -self._shown, thing))
        if len(self._heap) == self._count:
            self.threshold = self._heap[0][0]

    def sorted(self) -> list[Thing]:
        """The largest one first."""
        return [thing for _, _, thing in sorted(self._heap, key=lambda item: item[:2], reverse=True)]
