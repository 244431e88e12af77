"""Where a policy's run stops."""

from dataclasses import dataclass

from optimizer.host.space import Room
from optimizer.plans import Outcome, OutcomeStatus
from optimizer.storage.policy.breaker import Breaker
from optimizer.storage.policy.watch import PolicyGuard, Watch, level_of
from tests.unit.storage.policy.test_decide import policy


def room(free: int) -> Room:
    return Room(
        device=1, total_bytes=1000, free_bytes=free, available_bytes=free, total_inodes=100, free_inodes=50
    )  # fmt: skip


@dataclass
class Filesystem:
    """One that shows what was freed only once it is asked to settle, as far as it was."""

    free: int
    coming: int = 0
    flushes: int = 0

    def look(self) -> Room:
        return room(self.free)

    def flush(self) -> None:
        self.free, self.coming, self.flushes = self.free + self.coming, 0, self.flushes + 1

    def guard(self) -> PolicyGuard:
        breaker = Breaker(planned=100, total_bytes=1000, free_at_start=self.free)
        return PolicyGuard(Watch(policy(), self.look, self.flush), breaker)


def freed(size: int) -> Outcome:
    return Outcome(number=0, status=OutcomeStatus.DONE, measured={"freed_bytes": size})


def test_a_level_is_what_df_shows() -> None:
    """What is kept back for root is neither used nor free."""
    kept_back = Room(
        device=1, total_bytes=1000, free_bytes=250, available_bytes=150, total_inodes=0, free_inodes=0
    )  # fmt: skip
    assert level_of(kept_back).bytes_percent == 83.33
    assert level_of(kept_back).inodes_percent == 0


def test_it_stops_at_the_low_mark() -> None:
    """75 %: nothing is reclaimed that need not be."""
    filesystem = Filesystem(free=100)
    guard = filesystem.guard()
    assert guard.reason_to_stop() is None
    filesystem.free = 250
    assert guard.reason_to_stop() == "The low mark is reached."


def test_a_filesystem_that_is_late_is_asked_to_settle() -> None:
    """By account enough was freed; the filesystem has the last word."""
    filesystem = Filesystem(free=100, coming=150)
    guard = filesystem.guard()
    guard.saw(freed(149))
    assert (guard.reason_to_stop(), filesystem.flushes) == (None, 0)
    guard.saw(freed(1))
    assert (guard.reason_to_stop(), filesystem.flushes) == ("The low mark is reached.", 1)


def test_an_account_that_proves_wrong_stops_nothing() -> None:
    """A snapshot still has what was deleted: go on, and do not ask again for the same bytes."""
    filesystem = Filesystem(free=100)
    guard = filesystem.guard()
    guard.saw(freed(150))
    assert [guard.reason_to_stop(), guard.reason_to_stop()] == [None, None]
    assert (filesystem.flushes, guard.freed_bytes) == (1, 150)


def test_it_stops_where_its_breaker_trips() -> None:
    """With the breaker's reason."""
    guard = Filesystem(free=100).guard()
    guard.saw(Outcome(number=0, status=OutcomeStatus.SKIPPED, reason="gone", code="stale"))
    assert str(guard.reason_to_stop()).startswith("Stopped: 1 of 100")
