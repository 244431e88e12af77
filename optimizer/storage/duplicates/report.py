"""What a search for duplicates found, as values and as JSON."""

from collections.abc import Sequence
from typing import NamedTuple

from optimizer.host.tree import ScanLog
from optimizer.paths import path_fields
from optimizer.ports import FileKey
from optimizer.storage.classes import megabytes
from optimizer.storage.facts import FileFacts, JsonRow, file_json

#: Groups that are told in detail, and files of each.
_GROUPS_SHOWN = 20
_FILES_SHOWN = 100


class Name(NamedTuple):
    """One name of a file that has duplicates; hard links of one inode share the key."""

    facts: FileFacts
    key: FileKey

    def to_json(self) -> JsonRow:
        return {**path_fields(self.facts.path), "device": self.key.device, "inode": self.key.inode}


class Group(NamedTuple):
    """Two or more inodes of equal content, with all their names that were met, sorted by path."""

    digest: bytes  #: SHA-256 of the whole content; empty where it was not asked for
    size: int
    copies: int  #: inodes
    names: tuple[Name, ...]

    @property
    def reclaimable_bytes(self) -> int:
        """What it would save to keep one copy, if the copies share nothing and have no holes."""
        return (self.copies - 1) * self.size

    def to_json(self) -> JsonRow:
        """`digest`, `size`, `copies`, `reclaimable_bytes`, `files` [{path, path_bytes?, device, inode}]."""
        return {
            "digest": self.digest.hex() or None,
            "size": self.size,
            "copies": self.copies,
            "reclaimable_bytes": self.reclaimable_bytes,
            "files": [name.to_json() for name in self.names],
        }

    def detail_json(self) -> JsonRow:
        """The fields that clients of /analyze/storage/duplicates have always read, for the first 100 names."""
        return {
            "hash": self.digest.hex(),
            "files": [file_json(name.facts) for name in self.names[:_FILES_SHOWN]],
            "files_count": len(self.names),
            "duplicate_count": self.copies - 1,
            "space_wasted": self.reclaimable_bytes,
        }


class DuplicateReport(NamedTuple):
    """Every group, those that waste most first; where they waste the same, by digest."""

    groups: Sequence[Group]
    redundant_copies: int  #: of all groups
    reclaimable_bytes: int
    files: int  #: names of regular files that were met
    folders: int
    size: int  #: bytes of all inodes that were met
    bytes_read: int
    cache: JsonRow  #: as `cache_json` tells it
    changed: tuple[JsonRow, ...]  #: path fields of files that were left out, as they changed meanwhile; 100 at most
    changed_count: int
    log: ScanLog
    cache_errors: Sequence[str] = ()

    def to_json(self) -> JsonRow:
        """Every group in full, as `hro dupes --json` prints it."""
        return {
            "groups": [group.to_json() for group in self.groups],
            "reclaimable_bytes": self.reclaimable_bytes,
            **self.scan_json(),
        }

    def summary_json(self) -> JsonRow:
        """The fields of /analyze/storage/duplicates: counts, and the 20 groups that waste most."""
        return {
            "duplicate_groups": len(self.groups),
            "total_duplicates": self.redundant_copies,
            "space_wasted_bytes": self.reclaimable_bytes,
            "space_wasted_mb": megabytes(self.reclaimable_bytes),
            "total_wasted_space": self.reclaimable_bytes,
            "duplicate_details": [group.detail_json() for group in self.groups[:_GROUPS_SHOWN]],
            **self.scan_json(),
        }

    def scan_json(self) -> JsonRow:
        """What the search did, without what it found."""
        return {
            "files_scanned": self.files,
            "directories_scanned": self.folders,
            "bytes_read": self.bytes_read,
            "cache": self.cache,
            "changed": list(self.changed),
            "changed_count": self.changed_count,
            **self.log.to_json(),
        }


def cache_json(hits: int, misses: int, errors: Sequence[str] = ()) -> JsonRow:
    """`hits`, `misses` and `hit_rate`, from 0 to 1, and, where the cache failed, `errors`."""
    asked = hits + misses
    rate = round(hits / asked, 4) if asked else 0.0
    return {"hits": hits, "misses": misses, "hit_rate": rate, **({"errors": list(errors)} if errors else {})}
