"""Deleting a file in a folder that others may write to: never another one than was meant."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from optimizer.errors import HroError
from optimizer.host.journal import Entry
from optimizer.storage.effects.ground import Ground, StaleError, facts

#: What stays of a file's facts when it is moved or renamed; that changes its ctime
_LASTING = ("device", "inode", "size", "mtime_ns")
#: Where an action puts a file in quarantine: its job and its number
Place = tuple[str, int]


def place_of(entry: Entry) -> Place:
    return entry.optimization_id, entry.number


def delete(
    ground: Ground, place: Place, folder_fd: int, name: bytes, require: Callable[[os.stat_result], None]
) -> None:
    """Delete an entry of an open folder, unless `require` refuses what it turns out to be.

    No system call deletes a name only while it is that of a certain file. So it is moved into quarantine first, where
    nobody else can replace it, and looked at there.
    Raises OSError, and what `require` raises: then it is back under its name.
    """
    moved = ground.quarantine.put(*place, folder_fd, name)
    try:
        require(moved)
    except HroError:
        ground.quarantine.give_back(*place, folder_fd, name)
        raise
    ground.quarantine.purge(*place)


def delete_known(ground: Ground, place: Place, folder_fd: int, name: bytes, known: Mapping[str, Any]) -> None:
    """Delete an entry if it is there and is the file that the journal knows. Raises StaleError, OSError."""

    def require_known(moved: os.stat_result) -> None:
        if not is_known(moved, known):
            raise StaleError("Another file had taken its name.")

    if is_known(status_of(folder_fd, name), known):
        delete(ground, place, folder_fd, name, require_known)


def is_known(status: os.stat_result | None, known: Mapping[str, Any]) -> bool:
    """Whether it is the file that the journal knows, wherever it was moved."""
    return status is not None and all(facts(status)[name] == known[name] for name in _LASTING)


def status_of(folder_fd: int, name: bytes) -> os.stat_result | None:
    """Of an entry of an open folder, None where there is none. Raises OSError."""
    with suppress(FileNotFoundError):
        return os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    return None
