"""The hash cache of a host in a file of its own, and the one that keeps nothing."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TypeVar

import structlog

from optimizer.hashing.digest_file import DigestFile, forget_if_damaged
from optimizer.ports import CacheFile, Clock, FileKey, KeptDigests

_log = structlog.get_logger(__name__)
Result = TypeVar("Result")


class NullHashCache:
    """Knows nothing and keeps nothing."""

    def file(self) -> None:
        return None

    def get_many(
        self,
        algorithm: str,  # noqa: ARG002 - the port's parameters
        folders: Sequence[FileKey],  # noqa: ARG002
    ) -> Mapping[FileKey, KeptDigests]:
        return {}

    def put_many(self, algorithm: str, folders: Mapping[FileKey, KeptDigests]) -> None:
        """Forget them."""

    def shared(self) -> AbstractContextManager[None]:
        return nullcontext()


class LocalHashCache:
    """Several processes may use one file. Where it fails, that is logged, and nothing is known: work goes on."""

    def __init__(self, path: Path, *, ttl_seconds: int, room: int, clock: Clock) -> None:
        """A digest is used for `ttl_seconds`; all of them take up to about `room` bytes."""
        self._path = path
        self._ttl_seconds = ttl_seconds
        self._room = room
        self._clock = clock
        self._failed = ""  # why, when it was last used

    def file(self) -> CacheFile:
        now = self._clock.now().timestamp()
        return CacheFile(str(self._path), now, now - self._ttl_seconds, self._room)

    def get_many(self, algorithm: str, folders: Sequence[FileKey]) -> Mapping[FileKey, KeptDigests]:
        since = self.file().since
        return self.use(lambda file: file.get_many(algorithm, folders, since)) or {}

    def put_many(self, algorithm: str, folders: Mapping[FileKey, KeptDigests]) -> None:
        def write(file: DigestFile) -> None:
            file.put_many(algorithm, folders.items())
            file.make_room(self._room, self.file().since)

        self.use(write)

    def shared(self) -> AbstractContextManager[None]:
        return nullcontext()

    def use(self, what: Callable[[DigestFile], Result]) -> Result | None:
        """What it returns; None where the file fails."""
        try:
            with closing(DigestFile.open(str(self._path))) as file:
                result = what(file)
        except (sqlite3.Error, OSError) as error:
            if str(error) != self._failed:  # it may be asked for every few files
                _log.warning("hash cache failed", path=str(self._path), error=str(error))
            self._failed = str(error)
            forget_if_damaged(str(self._path), error)
            return None
        self._failed = ""
        return result
