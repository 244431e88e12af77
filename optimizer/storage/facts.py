"""What is told of a single file or folder, as JSON."""

import posixpath
from typing import NamedTuple

from optimizer.paths import path_fields, readable
from optimizer.storage.classes import DAY, megabytes

JsonRow = dict[str, object]


class FileFacts(NamedTuple):
    path: bytes
    size: int
    mtime: float
    atime: float
    allocated: int | None = None  #: bytes on disk, where they are known


def extension_of(name: bytes) -> bytes:
    """The extension with its dot, empty where there is none: the dots that a name begins with make none."""
    stem, dot, extension = name.rpartition(b".")
    return dot + extension if stem.strip(b".") else b""


def extension_label(extension: bytes) -> str:
    return readable(extension).lower()


def file_json(facts: FileFacts) -> JsonRow:
    """`path` (and `path_bytes`), `name`, `size` in bytes, `mtime` and `atime` in seconds since 1970, `extension`."""
    name = posixpath.basename(facts.path)
    row: JsonRow = {
        **path_fields(facts.path),
        "name": readable(name),
        "size": facts.size,
        "mtime": facts.mtime,
        "atime": facts.atime,
        "extension": extension_label(extension_of(name)),
    }
    if facts.allocated is not None:
        row["allocated_bytes"] = facts.allocated
    return row


def large_file_json(facts: FileFacts, now: float) -> JsonRow:
    """As `file_json`, with `size_mb` and `age_days`, whole days since the content last changed."""
    age_days = max(0, int((now - facts.mtime) // DAY))
    return {**file_json(facts), "size_mb": megabytes(facts.size), "age_days": age_days}
