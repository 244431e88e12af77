"""What became of compressing a file, or of undoing that, where it ended in the middle: the folder tells."""

import stat

from optimizer.errors import PathForbiddenError, PathNotFoundError, PathUnusableError
from optimizer.host.journal import Entry, State
from optimizer.paths import exact
from optimizer.storage.compress.codec import sha256_of
from optimizer.storage.compress.names import SUFFIXES
from optimizer.storage.effects import move
from optimizer.storage.effects.delete import delete_known, is_known, place_of, status_of
from optimizer.storage.effects.ground import Ground, StaleError, facts, opened
from optimizer.values import JsonObject


def settle(ground: Ground, entry: Entry) -> None:
    """Finish it or take it back. An original that is still there stays, whatever was made of it."""
    if entry.state is State.PURGING or is_quarantined(entry):
        move.settle(ground, entry)
        return
    try:
        with ground.parent(exact(entry.facts["target"])) as (folder_fd, name):
            _SETTLE[entry.state](ground, entry, folder_fd, name)
    except (PathNotFoundError, PathForbiddenError):  # somebody took the folder away
        move.settle(ground, entry)
    except (PathUnusableError, StaleError, OSError):  # it stays an intent: the next job looks again
        return


def is_quarantined(entry: Entry) -> bool:
    """Whether it is the original that lies in quarantine: its name was taken when it was to be put back."""
    return "moved" in entry.facts and bool(entry.facts["moved"]["inode"] == entry.facts["before"]["inode"])


def _settle_intent(ground: Ground, entry: Entry, folder_fd: int, name: bytes) -> None:
    made, packed = entry.facts["made"], _packed_name(entry, name)
    waiting = ground.quarantine.look(*place_of(entry))
    if waiting:
        try:
            home = packed if is_known(waiting, made) else name
            ground.quarantine.give_back(*place_of(entry), folder_fd, home)
        except FileExistsError:
            move.settle(ground, entry)
            return
    if is_known(status_of(folder_fd, name), entry.facts["before"]):
        delete_known(ground, place_of(entry), folder_fd, packed, made)
        ground.journal.note(*place_of(entry), State.WITHDRAWN)
    else:
        _note_replaced(ground, entry, folder_fd, packed, made, State.WITHDRAWN)


def _settle_undo(ground: Ground, entry: Entry, folder_fd: int, name: bytes) -> None:
    moved, packed = entry.facts["moved"], _packed_name(entry, name)
    if ground.quarantine.look(*place_of(entry)):
        ground.quarantine.give_back(*place_of(entry), folder_fd, packed)
    if _has_content(folder_fd, name, entry.facts):
        delete_known(ground, place_of(entry), folder_fd, packed, moved)
        ground.journal.note(*place_of(entry), State.RESTORED)
    else:
        _note_replaced(ground, entry, folder_fd, packed, moved, State.RESTORED)


_SETTLE = {State.INTENDED: _settle_intent, State.RESTORING: _settle_undo}


def _packed_name(entry: Entry, name: bytes) -> bytes:
    return name + SUFFIXES[entry.facts["target"]["algorithm"]]


def _note_replaced(
    ground: Ground, entry: Entry, folder_fd: int, packed: bytes, known: JsonObject, otherwise: State
) -> None:
    """Write down that the compressed file is in its place, as it is now; where it is not there, something else."""
    status = status_of(folder_fd, packed)
    if status and is_known(status, known):
        ground.journal.note(*place_of(entry), State.REPLACED, moved=facts(status))
    else:
        ground.journal.note(*place_of(entry), otherwise)


def _has_content(folder_fd: int, name: bytes, known: JsonObject) -> bool:
    """Whether a name has the content again that was compressed."""
    status = status_of(folder_fd, name)
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != known["before"]["size"]:
        return False
    with opened(name, folder_fd) as descriptor:
        return bool(sha256_of(descriptor) == known["sha256"])
