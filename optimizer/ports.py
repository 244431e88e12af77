"""What the pure rooms ask of the world. Each port has a real part and a fake; one test runs on both."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # takes long to import, and what starts fast asks no clock
    from datetime import datetime


class Clock(Protocol):
    def now(self) -> "datetime":
        """The time of day, in UTC and aware of it."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""


class Progress(Protocol):
    """How a running job tells how far it is, and hears that it shall stop."""

    def report(self, **counts: int | str) -> None:
        """Say what has been done so far. Cheap enough to be called for every file.

        Raises CancelledError once somebody has cancelled the job.
        """


class FileKey(NamedTuple):
    """A file as the host knows it, whatever its name."""

    device: int
    inode: int


class FileState(NamedTuple):
    """What must be the same for a file's bytes to be taken as unchanged."""

    size: int
    mtime_ns: int
    ctime_ns: int


class KeptDigests(NamedTuple):
    """What a cache has of a folder. Each digest holds for a file in exactly the state that was packed with it."""

    at: float  #: when the oldest of them was made, in seconds since 1970
    packed: bytes  #: as `optimizer.hashing.kept.pack_digests` packs them


class CacheFile(NamedTuple):
    """The part of a cache that other processes may read: `optimizer.hashing.digest_file` opens it."""

    path: str
    now: float  #: in seconds since 1970
    since: float  #: what was made before that is not to be used any more
    room: int  #: bytes that may be kept


class HashCache(Protocol):
    """Digests of files, by the folder that they are in."""

    def file(self) -> CacheFile | None:
        """Where the digests are; None where nothing is kept."""

    def get_many(self, algorithm: str, folders: Sequence[FileKey]) -> Mapping[FileKey, KeptDigests]:
        """What is kept of the folders; one of which there is nothing is left out."""

    def put_many(self, algorithm: str, folders: Mapping[FileKey, KeptDigests]) -> None:
        """Keep that of the folders, instead of what was kept, for a while and as far as there is room."""

    def shared(self) -> AbstractContextManager[None]:
        """For the time of a job: what others of this host found comes in before it, and what it finds goes out."""
