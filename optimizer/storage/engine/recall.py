"""Makes records of files that were looked at: with digests that the cache has, and of the others by reading them."""

import os
from hashlib import sha256
from typing import NamedTuple

from optimizer.hashing.kept import pack_digests, pack_row, unpack_digests
from optimizer.ports import FileKey
from optimizer.storage.engine.crew import Pulse
from optimizer.storage.engine.look import Look, Seen, State, states
from optimizer.storage.engine.memory import ALGORITHM, Memory
from optimizer.storage.engine.record import BUCKETS, KNOWN, REST, bucket_of_size, key_of_size
from optimizer.storage.engine.roots import READ, Root, Way, open_untouched
from optimizer.storage.engine.scan import SMALL
from optimizer.storage.engine.spill import Buckets, Extent, Spill

_SIZE = slice(16, 24)  # of a packed state


class Learned(NamedTuple):
    """What the cache should have of a folder, or of some of the names in it. For marshal, it is a tuple."""

    folder: FileKey
    extent: Extent  #: of the digests, packed
    digests: int
    known: int  #: digests that the cache has of the whole folder
    at: float  #: when the oldest of them was made
    is_new: bool  #: there are digests among them that the cache has not


class Recall:
    """What one process does with the folders that it has looked at."""

    def __init__(self, process: int, roots: list[Root], buckets: Buckets, spill: Spill, memory: Memory) -> None:
        self.learned: list[Learned] = []  #: by the number of the folder
        self._process = process
        self._roots = roots
        self._buckets = buckets
        self._spill = spill
        self._memory = memory
        self._notes = memory.notes
        self._way = Way(roots)
        self._bytes_read = 0  # in this folder

    def run(self, look: Look, file: int, pulse: Pulse) -> None:
        """All folders of `look`, which kept them in `file`."""
        try:
            for number, seen in enumerate(look.seen):
                self._recall(number, look.folders[number], seen, file, pulse)
        finally:
            self._way.close()

    def _recall(self, number: int, place: tuple[int, bytes], seen: Seen, file: int, pulse: Pulse) -> None:
        kept = self._memory.get(seen.folder)
        known = unpack_digests(ALGORITHM, kept.packed) if kept else {}
        digests: dict[bytes, bytes] = {}
        is_new = False
        for state in states(file, seen):
            row, digest = state[0], known.get(state[0])
            if digest is not None:
                self._notes.hits += 1
                digests[row] = digest
                self._add(number, state, digest)
                continue
            is_settled = self._memory.is_settled(row)
            self._notes.unsettled += not is_settled
            if _size(row) <= SMALL:
                digest = self._read(*place, state)
                if digest is None:
                    continue
                if is_settled:
                    digests[row] = digest
                    is_new = True
            self._add(number, state, digest)
        at = kept.at if kept and digests.keys() & known.keys() else self._memory.now
        extent = self._spill.gather(pack_digests(digests))
        self.learned.append(Learned(seen.folder, extent, len(digests), len(known), at, is_new))
        pulse.beat(self._roots[place[0]].path_of(place[1]), size=self._bytes_read)
        self._bytes_read = 0

    def _add(self, folder: int, state: State, digest: bytes | None) -> None:
        row, atime_ns, flags, name = state
        size, after = _size(row), b""
        if size > SMALL:
            key, bucket = key_of_size(size), bucket_of_size(size)
            if digest:
                flags, after = flags | KNOWN, digest
        else:
            key = digest or b""
            bucket = key[0] % BUCKETS
        records = self._buckets.parts[bucket]
        records += key + row + REST.pack(atime_ns, self._process, folder, flags, len(name)) + name + after
        if len(records) > Buckets.LIMIT:
            self._buckets.flush(bucket)

    def _read(self, number: int, folder: bytes, state: State) -> bytes | None:
        """The digest of a small file; None where it cannot be read or is not as it was."""
        self._notes.misses += 1
        row, _, _, name = state
        root = self._roots[number]
        try:
            above = self._way.open(number, folder)
            file = open_untouched(name, READ, above) if root.is_folder else os.dup(root.descriptor)
            try:
                content = os.pread(file, SMALL, 0)
                status = os.fstat(file)
            finally:
                os.close(file)
        except OSError as error:
            self._notes.error(root.path_of(folder, name), error)
            return None
        self._bytes_read += len(content)
        if len(content) != _size(row) or not _is_in(status, row):
            self._notes.change(root.path_of(folder, name))
            return None
        return sha256(content).digest()


def _is_in(status: os.stat_result, row: bytes) -> bool:
    """Whether the file is in this state."""
    return pack_row(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns) == row


def _size(row: bytes) -> int:
    return int.from_bytes(row[_SIZE], "little")
