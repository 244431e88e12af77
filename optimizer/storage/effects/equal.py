"""A copy beside the one that stays: both open, both alone, both as planned, and equal at this very moment."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from optimizer.errors import HroError
from optimizer.host.in_use import require_alone
from optimizer.paths import exact
from optimizer.plans import Action
from optimizer.storage.effects.ground import Ground, Held, StaleError

_CHUNK = 1 << 20


class Pair(NamedTuple):
    copy: Held
    kept: Held

    def require_alone(self) -> None:
        """Raises InUseError where somebody wants to open one of them: he waits until it is not held any more."""
        require_alone(self.copy.descriptor)
        require_alone(self.kept.descriptor)


@contextmanager
def held_pair(ground: Ground, action: Action) -> Iterator[Pair]:
    """The action's file and the one it is a copy of. Raises StaleError, InUseError, OSError."""
    relied_on = action.relied_on
    with ExitStack() as stack:
        try:
            kept = stack.enter_context(ground.held(exact(action.target["kept"]), relied_on["kept"]))
        except HroError as error:
            raise type(error)(f"The copy that stays: {error.message}") from None
        copy = stack.enter_context(ground.held(exact(action.target), relied_on))
        if os.path.samestat(kept.status, copy.status):
            raise StaleError("Both are names of one file by now.")
        _require_rights(kept.status, relied_on["kept"])
        _require_rights(copy.status, relied_on)
        yield Pair(copy, kept)


def _require_rights(status: os.stat_result, relied_on: Mapping[str, Any]) -> None:
    """Owner and mode as they were planned: of a file with several names the ctime does not tell."""
    if any(getattr(status, f"st_{name}") != relied_on[name] for name in ("uid", "gid", "mode")):
        raise StaleError("Its owner or mode was changed since it was planned.")


def require_equal(ground: Ground, pair: Pair) -> None:
    """Raises StaleError at the first byte that differs, InUseError where somebody wants to open one of them.

    And CancelledError: nothing has been done yet.
    """
    offset = 0
    while True:
        ours = os.pread(pair.copy.descriptor, _CHUNK, offset)
        if ours != os.pread(pair.kept.descriptor, _CHUNK, offset):
            raise StaleError("It is not equal to the one that stays.")
        if not ours:
            return
        offset += len(ours)
        pair.require_alone()
        ground.progress.report()
