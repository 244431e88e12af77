"""When a run is stopped before its end."""

import pytest

from optimizer.plans import Outcome, OutcomeStatus
from optimizer.storage.policy.breaker import Breaker


def breaker(planned: int = 50) -> Breaker:
    return Breaker(planned=planned, total_bytes=1000, free_at_start=100)


def skipped(code: str) -> Outcome:
    return Outcome(number=0, status=OutcomeStatus.SKIPPED, reason="because", code=code)


def test_one_changed_file_of_fifty_trips_it() -> None:
    """With a hundredth of its files changed a plan is no longer about this folder."""
    watching = breaker(50)
    watching.saw(skipped("stale"))
    assert watching.tripped == "Stopped: 1 of 50 files had changed since they were planned."


def test_one_of_many_does_not() -> None:
    """Files come and go on a live host."""
    watching = breaker(101)
    watching.saw(skipped("ENOENT"))
    assert watching.tripped is None
    watching.saw(skipped("path_not_found"))
    assert watching.tripped


@pytest.mark.parametrize("code", ["in_use", "unavailable", "ENOSPC"])
def test_what_is_kept_is_no_surprise(code: str) -> None:
    """A file that somebody uses is as it was planned."""
    watching = breaker(1)
    watching.saw(skipped(code))
    assert watching.tripped is None


@pytest.mark.parametrize("code", ["EIO", "EROFS"])
def test_a_disk_in_trouble_is_left_alone(code: str) -> None:
    """At the first sign."""
    watching = breaker(10_000)
    watching.saw(skipped(code))
    assert watching.tripped == "Stopped: the disk is in trouble (because)."


def test_falling_free_space_stops_it() -> None:
    """By a hundredth of the filesystem; once it has tripped it stays so."""
    watching = breaker()
    watching.saw_free(90)
    assert watching.tripped is None
    watching.saw_free(89)
    watching.saw_free(500)
    assert watching.tripped
