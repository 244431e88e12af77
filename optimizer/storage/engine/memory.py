"""The cache, as one process of a search uses it."""

import sqlite3
from collections.abc import Callable, Iterable
from struct import Struct
from typing import Final, TypeVar

from optimizer.hashing.digest_file import DigestFile, KeptAnswer, forget_if_damaged
from optimizer.hashing.kept import RACY_NS
from optimizer.ports import CacheFile, FileKey, KeptDigests
from optimizer.storage.engine.notes import Notes

#: What proves that small files are equal, and what is kept of all.
ALGORITHM: Final = "sha256"
_TIMES: Final = Struct("<24xqq")  # mtime and ctime of a packed state

Result = TypeVar("Result")


class Memory:
    """Where it fails, that is noted, and nothing more is asked of it: the search goes on."""

    def __init__(self, cache: CacheFile, asked: bytes, notes: Notes) -> None:
        """`asked` stands for the question, if its answer is to be kept; else it is empty."""
        self.notes = notes
        self.now = cache.now
        self.asked = asked
        self._cache = cache
        self._settled_ns = int(cache.now * 1e9) - RACY_NS
        self._file: DigestFile | None = None
        self._has_failed = False

    def is_settled(self, row: bytes) -> bool:
        """Whether whatever comes after this packed state will show in the file's times."""
        mtime_ns, ctime_ns = _TIMES.unpack(row)
        return bool(max(mtime_ns, ctime_ns) < self._settled_ns)

    def get(self, folder: FileKey) -> KeptDigests | None:
        return self._use(lambda file: file.get(ALGORITHM, folder, self._cache.since))

    def answer(self) -> KeptAnswer | None:
        """The last one to the same question."""
        return self._use(lambda file: file.answer(self.asked, self._cache.since)) if self.asked else None

    def save(self, folders: Iterable[tuple[FileKey, KeptDigests]], answer: KeptAnswer | None) -> None:
        def write(file: DigestFile) -> None:
            file.put_many(ALGORITHM, folders)
            if answer is not None:
                file.put_answer(self.asked, answer)
            file.make_room(self._cache.room, self._cache.since)

        self._use(write)

    def _use(self, what: Callable[[DigestFile], Result]) -> Result | None:
        if self._has_failed:
            return None
        try:
            if self._file is None:
                self._file = DigestFile.open(self._cache.path)
            return what(self._file)
        except (sqlite3.Error, OSError) as error:
            self._has_failed = True
            self.notes.cache_errors.append(str(error))
            forget_if_damaged(self._cache.path, error)
            return None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
