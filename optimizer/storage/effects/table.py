"""Every effect by the type that an action names."""

from collections.abc import Mapping
from types import MappingProxyType

from optimizer.host.journal import Entry
from optimizer.storage.effects import compress
from optimizer.storage.effects.command import COMMAND
from optimizer.storage.effects.ground import Effect, UnavailableError
from optimizer.storage.effects.hard_link import HARD_LINK as HARD_LINKING
from optimizer.storage.effects.move import MOVE
from optimizer.storage.effects.redundant import REDUNDANT as SETTING_ASIDE
from optimizer.storage.effects.reflink import REFLINK as SHARING
from optimizer.storage.types import CLEAR, COMPRESS, HARD_LINK, QUARANTINE, REDUNDANT, REFLINK

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        QUARANTINE: MOVE,
        REDUNDANT: SETTING_ASIDE,
        HARD_LINK: HARD_LINKING,
        REFLINK: SHARING,
        COMPRESS: compress.COMPRESS,
        CLEAR: COMMAND,
    }
)


def effect_of(entry: Entry) -> Effect:
    """The effect that a journal's row tells of. Raises UnavailableError for a type that only a newer version knows."""
    effect = EFFECTS.get(entry.facts["type"])
    if effect is None:
        raise UnavailableError(
            f"The journal tells of an action {entry.facts['type']}, which this version does not know: "
            "a newer one has written it. Update this one."
        )
    return effect
