"""A copy that shares the blocks of the one that stays: the kernel compares both, and changes nothing to be seen."""

import os

from optimizer.errors import CancelledError, HroError
from optimizer.host.dedupe import share_blocks
from optimizer.host.fiemap import shared_bytes
from optimizer.host.journal import Entry, State
from optimizer.plans import Action
from optimizer.storage.effects.equal import Pair, held_pair
from optimizer.storage.effects.ground import BLOCK, Effect, FailedError, Ground, facts
from optimizer.values import JsonObject


def _apply(ground: Ground, action: Action) -> JsonObject:
    """Raises FailedError, with the `freed_bytes`, where it ended in the middle: what is shared by then stays shared."""
    with held_pair(ground, action) as pair:
        before = _alone(pair.copy.descriptor)
        ground.intend(action, before=facts(pair.copy.status))

        def note(otherwise: State) -> int:
            freed = max(0, before - _alone(pair.copy.descriptor))
            ground.note(action, State.DONE if freed else otherwise, freed_bytes=freed)
            return freed

        try:
            _share(ground, pair)
        except (HroError, OSError) as error:
            freed = note(State.WITHDRAWN)
            if freed and not isinstance(error, CancelledError):
                raise FailedError(f"Only a part of it: {error}", freed_bytes=freed) from None
            raise
        return {"freed_bytes": note(State.DONE)}


def _share(ground: Ground, pair: Pair) -> None:
    def between() -> None:
        pair.require_alone()
        ground.progress.report()

    share_blocks(pair.kept.descriptor, pair.copy.descriptor, between)
    os.fsync(pair.copy.descriptor)


def _alone(descriptor: int) -> int:
    """Bytes on disk that no other file has, those included that are only reserved: they may go as well."""
    shared = shared_bytes(descriptor)  # writes out what is still in memory; only then st_blocks counts it
    return os.fstat(descriptor).st_blocks * BLOCK - shared


def _settle(ground: Ground, entry: Entry) -> None:
    """Shared or not, both files are what they were: there is nothing to finish and nothing to take back."""
    ground.journal.note(entry.optimization_id, entry.number, State.DONE, in_doubt=True)


REFLINK = Effect(apply=_apply, undo=None, settle=_settle)
