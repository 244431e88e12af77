"""A copy that shares the blocks of the one that stays: the kernel compares both, and changes nothing to be seen."""

import os

from optimizer.errors import HroError
from optimizer.host.dedupe import share_blocks
from optimizer.host.fiemap import shared_bytes
from optimizer.host.journal import Entry, State
from optimizer.plans import Action
from optimizer.storage.effects.equal import held_pair
from optimizer.storage.effects.ground import Effect, Ground, facts
from optimizer.values import JsonObject


def _apply(ground: Ground, action: Action) -> JsonObject:
    with held_pair(ground, action) as pair:
        descriptor = pair.copy.descriptor
        before = shared_bytes(descriptor)
        ground.intend(action, before=facts(pair.copy.status))
        try:
            share_blocks(pair.kept.descriptor, descriptor)
        except (HroError, OSError):
            ground.note(action, State.WITHDRAWN)
            raise
        os.fsync(descriptor)
        freed = max(0, shared_bytes(descriptor) - before)
        ground.note(action, State.DONE, freed_bytes=freed)
    return {"freed_bytes": freed}


def _settle(ground: Ground, entry: Entry) -> None:
    """Shared or not, both files are what they were: there is nothing to finish and nothing to take back."""
    ground.journal.note(entry.optimization_id, entry.number, State.DONE, in_doubt=True)


REFLINK = Effect(apply=_apply, undo=None, settle=_settle)
