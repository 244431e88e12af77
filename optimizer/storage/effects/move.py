"""Into quarantine and back: a rename within the mount."""

import os

from optimizer.host.journal import Entry, State
from optimizer.paths import exact
from optimizer.plans import Action
from optimizer.storage.effects.ground import Effect, Ground, Held, StaleError, facts
from optimizer.values import JsonObject


def _apply(ground: Ground, action: Action) -> JsonObject:
    with ground.held(exact(action.target), action.relied_on) as held:
        return put_away(ground, action, held)


def put_away(ground: Ground, action: Action, held: Held) -> JsonObject:
    """Move a held file into quarantine. Raises StaleError where another file had taken its name, and OSError."""
    ground.intend(action, before=facts(held.status), allocated_bytes=held.allocated)
    try:
        moved = ground.quarantine.put(ground.job, action.number, held.parent_fd, held.name)
    except OSError:
        if (
            ground.quarantine.look(ground.job, action.number) is None
        ):  # else it was moved, and is settled as it is found
            ground.note(action, State.WITHDRAWN)
        raise
    if not os.path.samestat(moved, held.status):  # swapped between the look and the move
        ground.quarantine.give_back(ground.job, action.number, held.parent_fd, held.name)
        ground.note(action, State.WITHDRAWN)
        raise StaleError("Another file had taken its name.")
    ground.note(action, State.QUARANTINED, moved=known(moved))
    return {"allocated_bytes": held.allocated}


def give_back(ground: Ground, entry: Entry) -> None:
    """Move a file back to where it was. Raises StaleError where it was swapped, OSError where its name is taken."""
    require_in_quarantine(ground, entry)
    with ground.parent(exact(entry.facts["target"])) as (parent_fd, name):
        ground.quarantine.give_back(entry.optimization_id, entry.number, parent_fd, name)


def require_in_quarantine(ground: Ground, entry: Entry) -> os.stat_result:
    """What lies at the entry's place. Raises StaleError where it is not what was put there."""
    status = ground.quarantine.look(entry.optimization_id, entry.number)
    if status is None:
        raise StaleError("It is not in quarantine any more.")
    if not _is_same(status, entry.facts["moved"]):
        raise StaleError("What lies in quarantine is not what was put there.")
    return status


def _is_same(status: os.stat_result, moved: JsonObject) -> bool:
    """A file with several names has its ctime changed by what is done to any of them."""
    ignored = {"ctime_ns"} if moved.get("links", 1) > 1 else set()
    return all(value == moved[name] for name, value in facts(status).items() if name not in ignored)


def known(status: os.stat_result) -> JsonObject:
    """What the journal knows of a file in quarantine."""
    return {**facts(status), "links": status.st_nlink}


def settle(ground: Ground, entry: Entry) -> None:
    """The world tells which of both folders the file is in."""
    status = ground.quarantine.look(entry.optimization_id, entry.number)
    if status is not None:
        moved = {"moved": known(status)} if entry.state is State.INTENDED else {}
        ground.journal.note(entry.optimization_id, entry.number, State.QUARANTINED, **moved)
    else:
        ground.journal.note(entry.optimization_id, entry.number, _WHERE_GONE[entry.state])


#: What an intent has come to, where nothing lies in quarantine
_WHERE_GONE = {
    State.INTENDED: State.WITHDRAWN,
    State.RESTORING: State.RESTORED,
    State.PURGING: State.PURGED,
}

MOVE = Effect(apply=_apply, undo=give_back, settle=settle)
