"""Digests of many files: asks the cache first, reads the others, and tells the cache."""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import TypeVar

from optimizer.hashing.digest import DigestReader, FileChangedError, is_settled
from optimizer.host.meter import Meter
from optimizer.host.tree import ScanLog, TreeReader
from optimizer.host.walk import SeenFile
from optimizer.paths import path_fields
from optimizer.ports import CachedDigest, Clock, FileKey, FileState, HashCache, Progress

#: Files that the cache is asked about, or told of, in one go.
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
        self._cache = cache
        self._clock = clock
        self._log = log
        self._reader = DigestReader(algorithm, self._count_bytes)
        self._path = b""

    def look_up(self, files: Sequence[SeenFile]) -> dict[FileVersion, bytes]:
        """The digests that the cache has for files in exactly these states."""
        known: dict[FileVersion, bytes] = {}
        for batch in batches(files):
            wanted = {file.key: file.state for file in batch}
            found = self._cache.get_many(self._algorithm, list(wanted))
            for key, state in wanted.items():
                cached = found.get(key)
                if cached is not None and cached.state == state:
                    known[key, state] = cached.digest
                    self.hits += 1
                else:
                    self.misses += 1
        return known

    def read(self, files: Iterable[SeenFile]) -> Generator[tuple[SeenFile, bytes], None, None]:
        """Each file with its digest. Those that cannot be read, or change meanwhile, are recorded and left out.

        Raises CancelledError.
        """
        with closing(TreeReader()) as reader:
            for batch in batches(files):
                fresh: dict[FileKey, CachedDigest] = {}
                # Taken before the first read: the older it is, the fewer files count as settled
                started_ns = int(self._clock.now().timestamp() * 1e9)
                for file in batch:
                    digest = self._digest(reader, file)
                    if digest is None:
                        continue
                    if is_settled(file.state, started_ns):
                        fresh[file.key] = CachedDigest(file.state, digest)
                    yield file, digest
                if fresh:
                    self._cache.put_many(self._algorithm, fresh)

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
