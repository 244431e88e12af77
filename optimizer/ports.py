"""What the pure rooms ask of the world. Each port has a real part and a fake; one test runs on both."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class Clock(Protocol):
    def now(self) -> datetime:
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


class CachedDigest(NamedTuple):
    state: FileState
    digest: bytes


class HashCache(Protocol):
    """Digests by file; an entry is only worth something while the file's state is still the same."""

    def get_many(self, algorithm: str, keys: Sequence[FileKey]) -> Mapping[FileKey, CachedDigest]:
        """The entries there are for `keys`; a key without one is left out."""

    def put_many(self, algorithm: str, entries: Mapping[FileKey, CachedDigest]) -> None:
        """Keep `entries`, for a while and as far as there is room."""
