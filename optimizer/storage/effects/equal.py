"""A copy beside the one that stays: both open, both alone, both as planned, and equal at this very moment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from optimizer.host.in_use import require_alone
from optimizer.paths import exact
from optimizer.plans import Action
from optimizer.storage.effects.ground import Ground, Held, StaleError

_CHUNK = 1 << 20


class Pair(NamedTuple):
    copy: Held
    kept: Held


@contextmanager
def held_pair(ground: Ground, action: Action) -> Iterator[Pair]:
    """The action's file and the one it is a copy of. Raises StaleError, InUseError, OSError."""
    kept_path, kept_relied_on = exact(action.target["kept"]), action.relied_on["kept"]
    with (
        ground.held(kept_path, kept_relied_on) as kept,
        ground.held(exact(action.target), action.relied_on) as copy,
    ):
        if os.path.samestat(kept.status, copy.status):
            raise StaleError("Both are names of one file by now.")
        yield Pair(copy, kept)


def require_equal(pair: Pair) -> None:
    """Raises StaleError at the first byte that differs, InUseError where somebody wants to open one of them."""
    offset = 0
    while True:
        ours = os.pread(pair.copy.descriptor, _CHUNK, offset)
        if ours != os.pread(pair.kept.descriptor, _CHUNK, offset):
            raise StaleError("It is not equal to the one that stays.")
        if not ours:
            return
        offset += len(ours)
        require_alone(pair.copy.descriptor)
        require_alone(pair.kept.descriptor)
