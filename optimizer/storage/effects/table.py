"""Every effect by the type that an action names."""

from collections.abc import Mapping
from types import MappingProxyType

from optimizer.host.journal import Entry
from optimizer.storage.effects import compress
from optimizer.storage.effects.ground import Effect
from optimizer.storage.effects.move import MOVE
from optimizer.storage.types import COMPRESS, QUARANTINE

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        QUARANTINE: MOVE,
        COMPRESS: compress.COMPRESS,
    }
)


def effect_of(entry: Entry) -> Effect:
    """The effect that a journal's row tells of."""
    return EFFECTS[entry.facts["type"]]
