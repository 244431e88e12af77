"""What a search does with a cache: before it reads anything, and after it has found everything."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Final

from optimizer.hashing.digest_file import KeptAnswer
from optimizer.hashing.kept import pack_row
from optimizer.ports import FileKey, KeptDigests
from optimizer.storage.engine.crew import Count, Crew, Pulse
from optimizer.storage.engine.handing import DECIDED, LOOKED, get, put
from optimizer.storage.engine.look import Look
from optimizer.storage.engine.memory import Memory
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.recall import Learned, Recall
from optimizer.storage.engine.record import Record
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.spill import Buckets, Spill, read
from optimizer.storage.engine.walker import Walker

_DIGEST: Final = 32

#: Digests that were found when files were compared: process and number of the folder, state, digest.
Late = list[tuple[int, int, bytes, bytes]]
#: Of a process: what it learned of its folders, and late. For marshal, each `Learned` is a tuple.
Lesson = tuple[list[tuple[Any, ...]], Late]


class Cached:
    """One process's part of it."""

    def __init__(self, crew: Crew, roots: list[Root], files: list[int], memory: Memory) -> None:
        self.held: KeptAnswer | None = None  #: in number 0, the last answer, if it holds
        self.look_notes: list[dict[str, Any]] = []  #: in number 0, of all processes
        self.file_count = self.folder_count = self.size = 0  #: as `Scan` has them
        self.folders: list[tuple[int, bytes]] = []
        self._state = b""
        self._crew = crew
        self._roots = roots
        self._files = files
        self._memory = memory
        self._look = Look(roots, memory.notes)
        self._learned: list[Learned] = []

    def holds(
        self, walker: Walker, spill: Spill, pulse: Pulse, *, tell: Callable[[], None], begin: Callable[[], None]
    ) -> bool:
        """Look at everything; whether it is as it was when the same was asked before, and answered.

        If not, number 0 calls `begin` before any process begins to read.
        """
        look = self._look
        look.run(walker, spill, pulse)
        self.file_count, self.folder_count, self.size = look.file_count, look.folder_count, look.size
        self.folders = look.folders
        told = (b"".join(look.digests), look.file_count, look.folder_count, self._memory.notes.dump())
        put(self._crew, spill, LOOKED, told)
        look.digests.clear()
        self._crew.reach(LOOKED)
        if not self._crew.number:
            self._crew.wait_for_all(LOOKED, tell)
            self._crew.board.put(0, Count.HELD, self._is_held())
            if not self.held:
                begin()
        self._crew.meet(DECIDED, tell)
        return bool(self._crew.board.get(0, Count.HELD))

    def _is_held(self) -> bool:
        digests, files, folders, notes = zip(*get(self._crew.board, self._files, LOOKED), strict=True)
        each = (part[at : at + _DIGEST] for part in digests for at in range(0, len(part), _DIGEST))
        self._state = sha256(b"".join(sorted(each))).digest()
        answer = self._memory.answer()
        if answer is None or answer.state != self._state or not Notes.merged(list(notes)).is_complete:
            return False
        self.held, self.look_notes = answer, list(notes)
        self.file_count, self.folder_count = sum(files), sum(folders)
        return True

    def recall(self, buckets: Buckets, spill: Spill, pulse: Pulse) -> None:
        """Make records of all that was looked at."""
        recall = Recall(self._crew.number, self._roots, buckets, spill, self._memory)
        spill.append(b"")  # what was gathered is in the file now
        recall.run(self._look, self._files[self._crew.number], pulse)
        self._learned = recall.learned

    def lesson(self, found: list[tuple[bytes, Record]]) -> Lesson:
        """`found` are digests of larger files."""
        late: Late = []
        for digest, record in found:
            row = pack_row(*record[1:6])
            if self._memory.is_settled(row):
                late.append((record.process, record.folder, row, digest))
        return [(tuple(one.folder), *one[1:]) for one in self._learned], late

    def save(self, lessons: list[Lesson], facts: bytes | None, content: Callable[[], bytes]) -> None:
        """In number 0: what all have learned, and the answer, unless there is none to be kept."""
        ages = [one[4] for learned, _ in lessons for one in learned]
        answer = None
        if facts is not None and self._memory.asked:
            at = min(ages, default=self._memory.now)
            answer = KeptAnswer(at, self._state, facts, content())
        self._memory.save(self._kept(lessons), answer)

    def _kept(self, lessons: list[Lesson]) -> Iterator[tuple[FileKey, KeptDigests]]:
        """The folders of which something new is known, each with all that is known of it."""
        late: defaultdict[tuple[int, int], list[bytes]] = defaultdict(list)
        for _, found in lessons:
            for process, number, row, digest in found:
                late[process, number] += (row, digest)
        parts: defaultdict[tuple[int, int], list[tuple[int, int, Learned]]] = defaultdict(list)
        for process, (learned, _) in enumerate(lessons):
            for number, one in enumerate(learned):
                parts[one[0]].append((process, number, Learned(*one)))
        for folder, places in parts.items():
            count = sum(one.digests for *_, one in places)
            known = places[0][2].known
            if count == known and not any(one.is_new or (process, number) in late for process, number, one in places):
                continue
            packed = [read(self._files[process], one.extent) for process, _, one in places]
            packed += (piece for process, number, _ in places for piece in late[process, number])
            yield FileKey(*folder), KeptDigests(min(one.at for *_, one in places), b"".join(packed))
