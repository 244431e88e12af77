"""Looks at the filesystem that a policy is for, and stops its run at the low mark."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from optimizer.host.files import ScanRoots
from optimizer.host.space import Room, flush_filesystem, room_of
from optimizer.plans import Outcome
from optimizer.storage.policy.breaker import Breaker
from optimizer.storage.policy.decide import Level, is_low_enough
from optimizer.storage.policy.policy import Policy


def level_of(room: Room) -> Level:
    """How full it is, as df shows it: what is kept back for root is neither used nor free."""
    used = room.total_bytes - room.free_bytes
    usable = used + room.available_bytes
    return Level(
        bytes_percent=round(100 * used / usable, 2) if usable else 0.0,
        inodes_percent=round(100 - 100 * room.free_inodes / room.total_inodes, 2) if room.total_inodes else 0.0,
        total_bytes=usable,
    )


@contextmanager
def watched(roots: ScanRoots, policy: Policy) -> Iterator["Watch"]:
    """The filesystem of the policy's folder. Raises PathForbiddenError, PathNotFoundError."""
    descriptor = roots.open(policy.path.encode())
    try:
        yield Watch(policy, lambda: room_of(descriptor), lambda: flush_filesystem(descriptor))
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class Watch:
    """What is free now, and whether that is enough."""

    policy: Policy
    look: Callable[[], Room]
    flush: Callable[[], None]

    def level(self) -> Level:
        return level_of(self.look())


@dataclass(slots=True)
class PolicyGuard:
    """Stops a run at the low mark, or where its breaker trips.

    A filesystem may show only later what was freed (XFS, btrfs). So what was freed by account counts too; but before
    the run is stopped for it, the filesystem is asked to settle, and has the last word.
    """

    watch: Watch
    breaker: Breaker
    freed_bytes: int = 0  #: by account, of all actions so far
    _unsettled: int = field(default=0, init=False)  #: of those since the filesystem was last asked to settle

    def reason_to_stop(self) -> str | None:
        room = self.watch.look()
        self.breaker.saw_free(room.free_bytes)
        if self.breaker.tripped:
            return self.breaker.tripped
        return "The low mark is reached." if self._is_reached(room) else None

    def saw(self, outcome: Outcome) -> None:
        freed = int(outcome.measured.get("freed_bytes", 0))
        self.freed_bytes += freed
        self._unsettled += freed
        self.breaker.saw(outcome)

    def _is_reached(self, room: Room) -> bool:
        policy = self.watch.policy
        if is_low_enough(policy, level_of(room)):
            return True
        if not is_low_enough(policy, level_of(room.with_more_free(self._unsettled))):
            return False
        self.watch.flush()
        self._unsettled = 0
        return is_low_enough(policy, self.watch.level())
