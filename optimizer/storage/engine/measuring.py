"""Measures trees with all processes, and makes one answer of what each of them found."""

import heapq
import os
from collections.abc import Callable

from optimizer.storage.engine.crew import Count, Crew, Pulse, without_collector
from optimizer.storage.engine.deal import Deal
from optimizer.storage.engine.handing import get, put
from optimizer.storage.engine.measure import LARGEST, Cell, Limits, LinkedRow, Measure, Part, Sums
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.spill import Spill, open_nameless
from optimizer.storage.engine.walker import Walker

#: Is told a phase, files, bytes and a path, now and then. What it raises ends the measuring.
Report = Callable[[str, int, int, bytes], None]

_MEASURED = 1


def measure(roots: list[Root], limits: Limits, report: Report) -> tuple[Part, Notes]:
    """What is below the roots, and what could not be looked at.

    Only for a process that has a single thread, as it is forked. Raises what `report` raises, and WorkerLostError.
    """
    crew = _Crew(roots, limits, report)
    try:
        with without_collector():
            return crew.run()
    finally:
        crew.close()


class _Crew:
    """Made before the fork, so that all processes have the same pipes and files."""

    def __init__(self, roots: list[Root], limits: Limits, report: Report) -> None:
        self._roots = roots
        self._limits = limits
        self._report = report
        self._crew = Crew(len(os.sched_getaffinity(0)))
        self._deal = Deal(self._crew)
        self._files = [open_nameless() for _ in range(self._crew.board.size)]
        for number in range(len(roots)):
            self._deal.add([b"%d" % number, b""])

    def run(self) -> tuple[Part, Notes]:
        self._tell(b"")
        self._crew.start(self._work)
        self._work()
        self._crew.wait_for_all(_MEASURED, lambda: self._tell(b""))
        self._tell(b"")
        board = self._crew.board
        parts, notes = zip(*get(board, self._files, _MEASURED), strict=True)
        return merged([Part(*part) for part in parts], self._limits), Notes.merged(list(notes))

    def _work(self) -> None:
        self._deal.begin()
        notes = Notes()
        walker = Walker(self._roots, self._deal, notes)
        pulse = Pulse(self._crew, self._tell)
        try:
            part = Measure(self._roots, walker, notes, self._limits).run(pulse)
        finally:
            walker.close()
        pulse.tell()
        put(self._crew, Spill(self._files[self._crew.number]), _MEASURED, (tuple(part), notes.dump()))
        self._crew.reach(_MEASURED)

    def _tell(self, path: bytes) -> None:
        board = self._crew.board
        self._report("walk", board.sum(Count.FILES), board.sum(Count.BYTES), path)

    def close(self) -> None:
        self._crew.end()
        self._deal.close()
        for file in self._files:
            os.close(file)


def merged(parts: list[Part], limits: Limits) -> Part:
    """What all have measured. Of the names of one inode, the bytes are those of the first one."""
    cells: dict[Cell, Sums] = {}
    linked: dict[tuple[int, int], LinkedRow] = {}
    for part in parts:
        for cell, sums in part.cells.items():
            cells[cell] = [a + b for a, b in zip(cells.get(cell, (0, 0, 0)), sums, strict=True)]
        for key, first in part.linked.items():
            linked[key] = min(linked.get(key, first), first)
    folders = [row for part in parts for row in part.folders]
    largest = [row for part in parts for row in part.largest]
    large, large_bytes = map(sum, zip(*(part.large for part in parts), strict=True))
    other_allocated = sum(part.other_allocated for part in parts)
    for (number, _), folder, of_cell, row in linked.values():
        size, allocated = -row[0], row[3]
        if of_cell is None:
            other_allocated += allocated
            folders.append((number, folder, False, 0, 0, allocated))
            continue
        cells[of_cell][1] += size
        cells[of_cell][2] += allocated
        folders.append((number, folder, False, 0, size, allocated))
        largest.append(row)
        if size >= limits.large:
            large, large_bytes = large + 1, large_bytes + size
    return Part(
        cells=cells,
        folders=folders,
        linked={},
        linked_names=sum(part.linked_names for part in parts) - sum(row[2] is not None for row in linked.values()),
        largest=heapq.nsmallest(LARGEST, largest),
        large=(large, large_bytes),
        symlinks=sum(part.symlinks for part in parts),
        other=sum(part.other for part in parts),
        other_allocated=other_allocated,
    )
