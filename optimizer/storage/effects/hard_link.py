"""A further name of the file that stays, in the place of a copy, which goes into quarantine in the same step.

The link is made in quarantine, where nobody else can reach it, and then changes places with the copy: at no moment is
the copy's name free, and at no moment is there a file that is neither.
"""

import os

from optimizer.errors import HroError
from optimizer.host.journal import Entry, State
from optimizer.paths import exact
from optimizer.plans import Action
from optimizer.storage.effects import move
from optimizer.storage.effects.delete import is_known, place_of, status_of
from optimizer.storage.effects.equal import Pair, held_pair, require_equal
from optimizer.storage.effects.ground import Effect, Ground, StaleError, facts
from optimizer.values import JsonObject


def _apply(ground: Ground, action: Action) -> JsonObject:
    with held_pair(ground, action) as pair:
        require_equal(ground, pair)
        copy = pair.copy
        ground.intend(action, before=facts(copy.status), link=facts(pair.kept.status), allocated_bytes=copy.allocated)
        try:
            moved = _swap(ground, action, pair)
        except (HroError, OSError):
            _withdraw(ground, action, pair)
            raise
        ground.note(action, State.QUARANTINED, moved=move.known(moved))
    return {"allocated_bytes": copy.allocated}


def _swap(ground: Ground, action: Action, pair: Pair) -> os.stat_result:
    """What lies in quarantine afterwards: the copy. Raises StaleError, OSError."""
    place, copy, kept = (ground.job, action.number), pair.copy, pair.kept
    link = ground.quarantine.link(*place, kept.parent_fd, kept.name)
    if not os.path.samestat(link, kept.status):
        ground.quarantine.purge(*place)
        raise StaleError("Another file had taken the name of the one that stays.")
    moved = ground.quarantine.swap(*place, copy.parent_fd, copy.name)
    if not os.path.samestat(moved, copy.status):
        ground.quarantine.swap(*place, copy.parent_fd, copy.name)
        raise StaleError("Another file had taken its name.")
    return moved


def _withdraw(ground: Ground, action: Action, pair: Pair) -> None:
    """The link goes. Where it is the copy that lies there, it stays an intent, and is settled as it is found."""
    place = (ground.job, action.number)
    waiting = ground.quarantine.look(*place)
    if waiting is not None and os.path.samestat(waiting, pair.kept.status):
        ground.quarantine.purge(*place)
        waiting = None
    if waiting is None:
        ground.note(action, State.WITHDRAWN)


def _undo(ground: Ground, entry: Entry) -> None:
    move.require_in_quarantine(ground, entry)
    place = place_of(entry)
    with ground.parent(exact(entry.facts["target"])) as (parent_fd, name):
        status = status_of(parent_fd, name)
        if status is None:
            ground.quarantine.give_back(*place, parent_fd, name)
            return
        _require_link(status, entry)
        swapped = ground.quarantine.swap(*place, parent_fd, name)
        try:
            _require_link(swapped, entry)
        except StaleError:
            ground.quarantine.swap(*place, parent_fd, name)
            raise
    ground.quarantine.purge(*place)


def _require_link(status: os.stat_result, entry: Entry) -> None:
    """What was written to the file since, under any of its names, must not vanish from this one."""
    if not is_known(status, entry.facts["link"]):
        raise StaleError("Another file has taken its name, or it was written to since.")


def _settle(ground: Ground, entry: Entry) -> None:
    """What lies in quarantine tells how far it came: the copy, or the link that is to go."""
    status = ground.quarantine.look(*place_of(entry))
    link = entry.facts["link"]
    if status is not None and (status.st_dev, status.st_ino) == (link["device"], link["inode"]):
        ground.quarantine.purge(*place_of(entry))
    move.settle(ground, entry)


HARD_LINK = Effect(apply=_apply, undo=_undo, settle=_settle)
