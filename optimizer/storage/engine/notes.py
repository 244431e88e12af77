"""What went wrong with single entries on the way. The search goes on."""

from typing import Any

#: Entries of each kind that are named; the others are only counted.
_KEPT = 100


class Notes:
    """Of one process; `merged` makes one of those of all."""

    def __init__(self) -> None:
        self.errors: list[tuple[bytes, str]] = []
        self.error_count = 0
        self.changed: list[bytes] = []
        self.changed_count = 0
        self.skipped_mounts: list[bytes] = []
        self.cache_errors: list[str] = []
        self.hits = 0  #: names of files whose digest was in the cache
        self.unsettled = 0  #: names of files that had changed so lately that they may change again unseen
        self.misses = 0  #: names of files that were read as it was not

    def error(self, path: bytes, error: OSError) -> None:
        self.error_count += 1
        if len(self.errors) < _KEPT:
            self.errors.append((path, error.strerror or str(error)))

    def change(self, path: bytes) -> None:
        """A file changed since it was looked at, or while it was read."""
        self.changed_count += 1
        if len(self.changed) < _KEPT:
            self.changed.append(path)

    def skip(self, path: bytes) -> None:
        """Another filesystem is mounted there."""
        self.skipped_mounts.append(path)

    @property
    def is_complete(self) -> bool:
        """Whether everything was seen as it was."""
        return not (self.error_count or self.changed_count or self.cache_errors)

    def dump(self) -> dict[str, Any]:
        """For marshal."""
        return dict(vars(self))

    @classmethod
    def merged(cls, dumps: list[dict[str, Any]]) -> "Notes":
        """In the order of their paths, as what ran side by side has no order of its own."""
        merged = cls()
        for name, empty in vars(cls()).items():
            total = sum((dump[name] for dump in dumps), empty)
            setattr(merged, name, total if isinstance(total, int) else sorted(total))
        del merged.errors[_KEPT:], merged.changed[_KEPT:]
        return merged
