"""The search for files of equal content, from open folders to groups."""

import os
from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

from optimizer.ports import CacheFile
from optimizer.storage.engine.compare import Compare
from optimizer.storage.engine.crew import Count, Crew, Pulse, without_collector
from optimizer.storage.engine.deal import Deal
from optimizer.storage.engine.found import FoundName, Render, Writer, gathered, merged
from optimizer.storage.engine.handing import FOUND, JOINED, SCANNED, get, put
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.reader import Reader
from optimizer.storage.engine.record import BUCKETS, Joined, Record, unpack_all
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.scan import Scan
from optimizer.storage.engine.spill import Buckets, Extent, Spill, read
from optimizer.storage.engine.tables import Tables
from optimizer.storage.engine.tasks import Tasks
from optimizer.storage.engine.walker import Walker

if TYPE_CHECKING:  # they bring sqlite3, and a search without a cache is to start faster than that
    from optimizer.hashing.digest_file import KeptAnswer
    from optimizer.storage.engine.cached import Cached, Lesson
    from optimizer.storage.engine.memory import Memory

#: Is told a phase ("walk", with a cache "hash", or "compare"), files, bytes and a path, now and then. What it raises
#: ends the search.
Report = Callable[[str, int, int, bytes], None]

#: Of an answer that the cache keeps, before its entries: size, copies, gain, and files whose digests are known.
_FACTS = Struct("<4Q")

#: What it takes to open a file, in bytes that could be read meanwhile.
_OPENING = 15_000

#: Larger files of one size: how long it takes to compare them, the process that has their records, and where.
_SameSized = tuple[int, int, Extent]


class Answer(NamedTuple):
    """What all processes found, for marshal; the groups are in the files of the search."""

    entries: bytes  #: of found.Groups
    files: int  #: names of regular files
    folders: int
    size: int  #: bytes of inodes
    copies: int  #: redundant ones
    gain: int  #: their bytes
    bytes_read: int
    notes: dict[str, Any]
    content: bytes = b""  #: the groups, where they are in none of the files


def search(
    roots: list[Root],
    files: list[int],
    *,
    report: Report,
    render: Render,
    digests: bool,
    cache: CacheFile | None = None,
    asked: bytes = b"",
) -> Answer:
    """Every group of files of equal content: of equal SHA-256, or of equal bytes where they are not small.

    Names of one inode are one copy; empty files and links are never in a group. A file that changes meanwhile is
    left out and noted. Without `digests`, only the groups of small files have one. Each of `files`, which are open
    and empty, stands for a process. With a cache, files whose digests it has are not read; `asked` stands for the
    question, if the answer is to be kept as well. Only for a process that has a single thread, as it is forked.
    Raises what `report` raises, and WorkerLostError.
    """
    part = _Part(roots, files, report, render, digests=digests, cache=cache, asked=asked)
    try:
        with without_collector():
            part.crew.start(part.work)
            part.work()
            return part.answer()
    finally:
        part.close()


class _Part:
    """What one process does. It is made before the fork, so that all have the same pipes and files."""

    def __init__(
        self,
        roots: list[Root],
        files: list[int],
        report: Report,
        render: Render,
        *,
        digests: bool,
        cache: CacheFile | None,
        asked: bytes,
    ) -> None:
        self.crew = Crew(len(files))
        self._roots = roots
        self._files = files
        self._report = report
        self._render = render
        self._digests = digests
        self._deal = Deal(self.crew)
        self._joins, self._comparisons = Tasks(), Tasks()
        self._notes = Notes()
        self._memory: Memory | None = None
        self._cached: Cached | None = None
        if cache:
            self._remember(cache, asked)
        self._phase = "walk"
        for number in range(len(roots)):
            self._deal.add([b"%d" % number, b""])

    def _remember(self, cache: CacheFile, asked: bytes) -> None:
        from optimizer.storage.engine.cached import Cached  # noqa: PLC0415 - see above
        from optimizer.storage.engine.memory import Memory  # noqa: PLC0415

        self._memory = Memory(cache, asked, self._notes)
        self._cached = Cached(self.crew, self._roots, self._files, self._memory)

    def work(self) -> None:
        """Look at everything, bring together what may be equal, and compare."""
        self._deal.begin()
        self._tell()
        spill = Spill(self._files[self.crew.number])
        pulse = Pulse(self.crew, self._tell)
        scan = self._scan(spill, pulse)
        if scan is None:
            return
        self.crew.meet(SCANNED, self._tell)
        self._begin("compare")
        tables = Tables(self._roots, self._files, get(self.crew.board, self._files, SCANNED))
        put(self.crew, spill, JOINED, (*self._join(tables, spill), *scan))
        self.crew.meet(JOINED, self._tell)
        writer = Writer(self.crew.number, spill, self._render)
        linked_size, lesson = self._compare(tables, writer, pulse)
        told = (sorted(writer.entries), writer.copies, writer.gain, linked_size, self._notes.dump(), lesson)
        put(self.crew, spill, FOUND, told)
        self.crew.reach(FOUND)

    def _scan(self, spill: Spill, pulse: Pulse) -> tuple[int, int, int] | None:
        """Returns names of files, folders, and bytes of files that have one name; None if the last answer holds."""
        walker = Walker(self._roots, self._deal, self._notes, only_files=True)
        buckets = Buckets(spill, 2 * BUCKETS)
        scan: Scan | Cached
        try:
            if self._cached:
                scan = self._cached
                if scan.holds(walker, spill, pulse, tell=self._tell, begin=lambda: self._begin("hash")):
                    return None
                scan.recall(buckets, spill, pulse)
            else:
                # A file that was just made tells the time by the clock that stamps files
                started_ns = os.fstat(self._files[0]).st_ctime_ns
                scan = Scan(self.crew.number, self._roots, walker, buckets, self._notes, started_ns=started_ns)
                scan.run(pulse)
        finally:
            walker.close()
        pulse.tell()
        for bucket in range(2 * BUCKETS):
            buckets.flush(bucket)
        put(self.crew, spill, SCANNED, (scan.folders, buckets.extents))
        return scan.file_count, scan.folder_count, scan.size

    def _join(self, tables: Tables, spill: Spill) -> tuple[list[_SameSized], int]:
        """The larger files of each size that several have, and the bytes of those that have several names."""
        found: list[_SameSized] = []
        linked_size = 0
        for number in self._joins.taken(BUCKETS, gives=not self.crew.number):
            joined = Joined(tables.bucket(BUCKETS + number))
            linked_size += joined.linked_size
            for places in joined.groups():
                if (count := joined.inodes(places)) > 1:
                    time = count * (joined.size(places[0]) + _OPENING)
                    found.append((time, self.crew.number, spill.gather(joined.packed(places))))
        return found, linked_size

    def _compare(self, tables: Tables, writer: Writer, pulse: Pulse) -> "tuple[int, Lesson | None]":
        """The groups: first of larger files, those before others that take longest, then of small ones.

        Returns the bytes of small files that have several names, and what is new to the cache.
        """
        parts = get(self.crew.board, self._files, JOINED)
        sizes: list[_SameSized] = sorted((one for found, *_ in parts for one in found), reverse=True)
        linked_size = 0
        reader = Reader(tables, self._notes, pulse)
        compare = Compare(reader, digests=self._digests, learns=self._cached is not None)
        try:
            for number in self._comparisons.taken(len(sizes) + BUCKETS, gives=not self.crew.number):
                if number < len(sizes):
                    _, process, extent = sizes[number]
                    for digest, records in compare.groups(unpack_all(read(self._files[process], extent))):
                        writer.add(digest, records[0].size if records else 0, _names(tables, records))
                    continue
                joined = Joined(tables.bucket(number - len(sizes)))
                linked_size += joined.linked_size
                for places in joined.groups():
                    names = tables.names(joined.content, places)
                    key, size = joined.key(places[0]), joined.size(places[0])
                    writer.add(key, size, names, may_be_linked=joined.has_links)
        finally:
            reader.close()
            pulse.tell()
        self._notes.misses += compare.misses if self._cached else 0
        return linked_size, self._cached.lesson(compare.learned) if self._cached else None

    def _begin(self, phase: str) -> None:
        self._phase = phase
        self._tell()

    def _tell(self, path: bytes = b"") -> None:
        if not self.crew.number:
            board = self.crew.board
            self._report(self._phase, board.sum(Count.FILES), board.sum(Count.BYTES), path)

    def answer(self) -> Answer:
        """In number 0: what all have found."""
        if self._cached and self._cached.held:
            return self._held(self._cached, self._cached.held)
        self.crew.wait_for_all(FOUND, self._tell)
        self._tell()
        board = self.crew.board
        _, linked_large, files, folders, sizes = zip(*get(board, self._files, JOINED), strict=True)
        entries, copies, gain, linked_small, notes, lessons = zip(*get(board, self._files, FOUND), strict=True)
        answer = Answer(
            entries=merged(entries),
            files=sum(files),
            folders=sum(folders),
            size=sum(sizes) + sum(linked_large) + sum(linked_small),
            copies=sum(copies),
            gain=sum(gain),
            bytes_read=board.sum(Count.BYTES),
            notes=Notes.merged(list(notes)).dump(),
        )
        return self._saved(self._cached, answer, list(lessons)) if self._cached else answer

    def _saved(self, cached: "Cached", answer: Answer, lessons: "list[Lesson]") -> Answer:
        notes = Notes.merged([answer.notes])
        kept = None
        entries, pieces = gathered(answer.entries, self._files)
        if notes.is_complete and not notes.unsettled:
            kept = _FACTS.pack(answer.size, answer.copies, answer.gain, notes.hits + notes.misses) + entries
        cached.save(lessons, kept, lambda: b"".join(pieces))
        notes.cache_errors = sorted({*notes.cache_errors, *self._notes.cache_errors})
        return answer._replace(notes=notes.dump())

    def _held(self, cached: "Cached", held: "KeptAnswer") -> Answer:
        """The last answer, for it holds."""
        size, copies, gain, hits = _FACTS.unpack_from(held.facts)
        notes = Notes.merged(cached.look_notes)
        notes.hits = hits
        entries = held.facts[_FACTS.size :]
        return Answer(
            entries, cached.file_count, cached.folder_count, size, copies, gain, 0, notes.dump(), held.content
        )

    def close(self) -> None:
        self.crew.end()
        if self._memory:
            self._memory.close()
        self._deal.close()
        self._joins.close()
        self._comparisons.close()


def _names(tables: Tables, records: list[Record]) -> list[FoundName]:
    return [(tables.path(record), record.device, record.inode, record.mtime_ns, record.atime_ns) for record in records]
