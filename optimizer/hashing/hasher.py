"""Digests of many files: asks the cache first, reads the others, and tells the cache."""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import TypeVar

from optimizer.hashing.digest import DigestReader, FileChangedError, is_settled
from optimizer.hashing.folders import Folders
from optimizer.host.meter import Meter
from optimizer.host.tree import ScanLog, TreeReader
from optimizer.host.walk import SeenFile
from optimizer.paths import path_fields
from optimizer.ports import Clock, FileKey, FileState, HashCache, Progress

#: Files that are looked up in one go.
BATCH = 1000
#: Changed files that are named; the others are only counted.
_CHANGED_KEPT = 100

#: A file in a certain state; all its names share it.
FileVersion = tuple[FileKey, FileState]
Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """The items in lists of `size`, the last one shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


class Hasher:
    """The digests of one job, in one algorithm, with a count of what the cache was good for."""

    def __init__(self, *, algorithm: str, cache: HashCache, clock: Clock, log: ScanLog, progress: Progress) -> None:
        self.hits = self.misses = 0
        self.changed: list[dict[str, str]] = []  #: path fields of files that changed while they were read
        self.changed_count = 0
        self.meter = Meter(progress, "hash")
        self._algorithm = algorithm
        self._folders = Folders(algorithm, cache, clock)
        self._clock = clock
        self._log = log
        self._reader = DigestReader(algorithm, self._count_bytes)
        self._path = b""

    def look_up(self, files: Sequence[SeenFile]) -> dict[FileVersion, bytes]:
        """The digests that the cache has for files in exactly these states."""
        self._folders.enter(file.folder.key for file in files)
        known: dict[FileVersion, bytes] = {}
        unknown: set[FileVersion] = set()
        for file in files:
            digest = self._folders.digest(file)
            if digest is None:
                unknown.add((file.key, file.state))
            else:
                known[file.key, file.state] = digest
        unknown -= known.keys()
        self.hits += len(known)
        self.misses += len(unknown)
        return known

    def read(self, files: Iterable[SeenFile]) -> Generator[tuple[SeenFile, bytes], None, None]:
        """Each file with its digest; it must have been looked up last.

        Those that cannot be read, or change meanwhile, are recorded and left out. Raises CancelledError.
        """
        # Taken before the first read: the older it is, the fewer files count as settled
        started_ns = int(self._clock.now().timestamp() * 1e9)
        with closing(TreeReader()) as reader:
            for file in files:
                digest = self._digest(reader, file)
                if digest is None:
                    continue
                if is_settled(file.state, started_ns):
                    self._folders.learn(file, digest)
                yield file, digest

    def finish(self) -> None:
        """Leave what was read to the cache."""
        self._folders.leave()

    def _digest(self, reader: TreeReader, file: SeenFile) -> bytes | None:
        self._path = file.path
        self.meter.add(self._path, files=1)
        try:
            descriptor = reader.open(file.folder, file.name)
            try:
                return self._reader.digest(descriptor, file.key, file.state)
            finally:
                os.close(descriptor)
        except FileChangedError:
            self.note_changed(file)
        except OSError as error:
            self._log.record(self._path, error)
        return None

    def note_changed(self, file: SeenFile) -> None:
        self.changed_count += 1
        if len(self.changed) < _CHANGED_KEPT:
            self.changed.append(path_fields(file.path))

    def _count_bytes(self, count: int) -> None:
        self.meter.add(self._path, size=count)

    def cache_json(self) -> dict[str, int | float]:
        """`hits`, `misses` and `hit_rate`, from 0 to 1, of the files that the cache was asked about."""
        asked = self.hits + self.misses
        return {
            "hits": self.hits,
            "misses": self.misses,
            "hit_rate": round(self.hits / asked, 4) if asked else 0.0,
        }
