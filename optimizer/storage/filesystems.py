"""How full the filesystems are that folders lie on."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from optimizer.storage.classes import gigabytes
from optimizer.storage.facts import JsonRow


@dataclass(frozen=True, slots=True)
class Space:
    """A filesystem's bytes, as df shows them: what is kept back for root is neither used nor free."""

    total: int
    used: int
    free: int

    @property
    def percent(self) -> float:
        usable = self.used + self.free
        return round(100 * self.used / usable, 1) if usable else 0.0

    def to_json(self) -> JsonRow:
        """`total_gb`, `used_gb`, `free_gb` in GiB, and `usage_percent`."""
        return {
            "total_gb": gigabytes(self.total),
            "used_gb": gigabytes(self.used),
            "free_gb": gigabytes(self.free),
            "usage_percent": self.percent,
        }


def space_of(path: bytes) -> Space:
    """Raises OSError."""
    found = os.statvfs(path)
    unit = found.f_frsize
    return Space(found.f_blocks * unit, (found.f_blocks - found.f_bfree) * unit, found.f_bavail * unit)


def spaces(paths: Iterable[bytes]) -> dict[bytes, Space]:
    """The space at each path; those that cannot be asked are left out."""
    found = {}
    for path in paths:
        try:
            found[path] = space_of(path)
        except OSError:
            continue
    return found
