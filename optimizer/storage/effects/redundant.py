"""A copy into quarantine, once it is proven equal to the one that stays."""

from optimizer.plans import Action
from optimizer.storage.effects import move
from optimizer.storage.effects.equal import held_pair, require_equal
from optimizer.storage.effects.ground import Effect, Ground
from optimizer.values import JsonObject


def _apply(ground: Ground, action: Action) -> JsonObject:
    with held_pair(ground, action) as pair:
        require_equal(ground, pair)
        return move.put_away(ground, action, pair.copy)


REDUNDANT = Effect(apply=_apply, undo=move.give_back, settle=move.settle)
