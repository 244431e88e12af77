"""The search for files of equal content, from open folders to groups."""

import gc
import os
from collections.abc import Callable, Iterator

from optimizer.storage.engine.compare import Compare, same_sized
from optimizer.storage.engine.crew import Count, Crew, Pulse
from optimizer.storage.engine.deal import Deal
from optimizer.storage.engine.found import Found, FoundGroup, Render
from optimizer.storage.engine.handing import get, put
from optimizer.storage.engine.join import groups_of_bucket
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.reader import Reader
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.scan import Scan
from optimizer.storage.engine.spill import BUCKETS, Spill, open_nameless
from optimizer.storage.engine.tables import Tables, publish
from optimizer.storage.engine.tasks import MOST, Tasks
from optimizer.storage.engine.walker import Walker

#: Is told a phase ("walk" or "compare"), files, bytes and a path, now and then. What it raises ends the search.
Report = Callable[[str, int, int, bytes], None]

_SCANNED, _COMPARED = 1, 2
#: Files, folders, bytes of files with one name, and the sizes of those with several by device and inode.
_Counts = tuple[int, int, int, dict[tuple[int, int], int]]


def search(roots: list[Root], *, report: Report, render: Render, digests: bool = True) -> Found:
    """Every group of files of equal content: of equal SHA-256, or of equal bytes where they are not small.

    Names of one inode are one copy; empty files and links are never in a group. A file that changes meanwhile is
    left out and noted. Without `digests`, only the groups of small files have one. Only for a process that has
    a single thread, as it is forked. Raises what `report` raises, and WorkerLostError.
    """
    collects = gc.isenabled()
    gc.disable()  # nothing here has cycles, and very many things are alive
    part = _Part(roots, report, render, digests=digests)
    try:
        part.crew.start(part.work)
        part.work()
        return part.found()
    finally:
        part.close()
        if collects:
            gc.enable()


class _Part:
    """What one process does. It is made before the fork, so that all have the same pipes and files."""

    def __init__(self, roots: list[Root], report: Report, render: Render, *, digests: bool) -> None:
        self.crew = Crew(len(os.sched_getaffinity(0)))
        self._roots = roots
        self._report = report
        self._render = render
        self._digests = digests
        self._deal = Deal(self.crew)
        self._tasks = Tasks()
        self._files = [open_nameless() for _ in range(self.crew.board.size)]
        self._notes = Notes()
        self._phase = "walk"
        for number in range(len(roots)):
            self._deal.add([b"%d" % number, b""])

    def work(self) -> None:
        """Look at everything, and then compare."""
        if not self.crew.number:
            self._tell()
        spill = Spill(self._files[self.crew.number])
        pulse = Pulse(self.crew, self._tell)
        counts = self._scan(spill, pulse)
        self._meet()
        groups = list(self._compare(pulse))
        put(self.crew, spill, (counts, [tuple(group) for group in groups], self._notes.dump()))
        self.crew.reach(_COMPARED)

    def _scan(self, spill: Spill, pulse: Pulse) -> _Counts:
        walker = Walker(self._roots, self._deal, self._notes, only_files=True)
        scan = Scan(self._roots, walker, spill, self._notes)
        try:
            scan.run(pulse)
        finally:
            walker.close()
        pulse.tell()
        publish(scan, spill, self.crew)
        return scan.file_count, scan.folder_count, scan.size, scan.linked

    def _meet(self) -> None:
        """Until all have seen everything; number 0, which has to report, goes on first."""
        if self.crew.number:
            self.crew.reach(_SCANNED)
            self.crew.wait_for_asker(_SCANNED)
        else:
            self.crew.wait_for_all(_SCANNED, self._tell)
            self._phase = "compare"
            self._tell()
            self.crew.reach(_SCANNED)

    def _compare(self, pulse: Pulse) -> Iterator[FoundGroup]:
        """The groups of the tasks that this process takes: the larger files, then the buckets of small ones."""
        tables = Tables(self._roots, self._files, self.crew.board)
        sizes = same_sized(tables)
        each = -(-len(sizes) // (MOST - BUCKETS)) or 1  # sizes in one task
        tasks = -(-len(sizes) // each)
        if not self.crew.number:
            self._tasks.give(tasks + BUCKETS)
        reader = Reader(tables, self._notes, pulse)
        compare = Compare(tables, reader, self._render, digests=self._digests)
        try:
            for number in self._tasks.taken():
                for inodes in sizes[number * each : (number + 1) * each]:
                    yield from compare.groups(inodes)
                if number >= tasks:
                    yield from groups_of_bucket(tables, number - tasks, self._render)
        finally:
            reader.close()
            pulse.tell()

    def _tell(self, path: bytes = b"") -> None:
        board = self.crew.board
        self._report(self._phase, board.sum(Count.FILES), board.sum(Count.BYTES), path)

    def found(self) -> Found:
        """In number 0: what all have found."""
        self.crew.wait_for_all(_COMPARED, self._tell)
        self._tell()
        board = self.crew.board
        counts, groups, notes = zip(*(get(board, self._files, worker) for worker in range(board.size)), strict=True)
        files, folders, sizes, linked = zip(*counts, strict=True)
        return Found(
            groups=sorted(FoundGroup(*group) for part in groups for group in part),
            files=sum(files),
            folders=sum(folders),
            size=sum(sizes) + sum({key: size for part in linked for key, size in part.items()}.values()),
            bytes_read=board.sum(Count.BYTES),
            notes=Notes.merged(list(notes)),
        )

    def close(self) -> None:
        self.crew.end()
        self._deal.close()
        self._tasks.close()
        for file in self._files:
            os.close(file)
