"""Hash caches without a server: one in this process, and none at all. Standard library only."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from optimizer.ports import CachedDigest, Clock, FileKey


class NullHashCache:
    """Knows nothing and keeps nothing."""

    def get_many(
        self,
        algorithm: str,  # noqa: ARG002 - the port's parameters
        keys: Sequence[FileKey],  # noqa: ARG002
    ) -> Mapping[FileKey, CachedDigest]:
        return {}

    def put_many(self, algorithm: str, entries: Mapping[FileKey, CachedDigest]) -> None:
        """Forget them."""


class MemoryHashCache:
    """Keeps the entries used last, for as long as this process lives. Part of port HashCache."""

    def __init__(self, *, ttl_seconds: int, capacity: int, clock: Clock) -> None:
        self._ttl_seconds = ttl_seconds
        self._capacity = capacity
        self._clock = clock
        self._entries: OrderedDict[tuple[str, FileKey], tuple[float, CachedDigest]] = OrderedDict()

    def get_many(self, algorithm: str, keys: Sequence[FileKey]) -> Mapping[FileKey, CachedDigest]:
        now = self._clock.monotonic()
        found = {}
        for key in keys:
            entry = self._entries.get((algorithm, key))
            if entry is not None and now < entry[0]:
                self._entries.move_to_end((algorithm, key))
                found[key] = entry[1]
        return found

    def put_many(self, algorithm: str, entries: Mapping[FileKey, CachedDigest]) -> None:
        expires = self._clock.monotonic() + self._ttl_seconds
        for key, entry in entries.items():
            self._entries[algorithm, key] = (expires, entry)
            self._entries.move_to_end((algorithm, key))
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
