"""When a worker counts as stuck."""

import pytest

from workers.watchdog import Watchdog


def looks(watchdog: Watchdog, now: float, *, taken: int = 3, is_running: bool = False, waiting: int = 2) -> bool:
    return watchdog.is_stuck(now, taken=taken, is_running=is_running, waiting=waiting)


def test_a_worker_that_takes_nothing_although_messages_wait_is_stuck() -> None:
    """Once that has been so for long enough, and not before."""
    watchdog = Watchdog(30)
    looks(watchdog, 90)  # there are messages that it has taken
    assert [looks(watchdog, now) for now in (100, 115, 129, 130)] == [False, False, False, True]


@pytest.mark.parametrize(("taken", "is_running", "waiting"), [(4, False, 2), (3, True, 2), (3, False, 0)])
def test_a_worker_that_does_something_or_has_nothing_to_do_is_not(taken: int, is_running: bool, waiting: int) -> None:
    """A message taken, a job that runs, a queue that is empty: the time begins anew."""
    watchdog = Watchdog(30)
    looks(watchdog, 100)
    assert looks(watchdog, 129, taken=taken, is_running=is_running, waiting=waiting) is False
    assert looks(watchdog, 140, taken=taken) is False


def test_a_time_in_which_nobody_could_take_anything_does_not_count() -> None:
    """Redis was away; Celery, too, needs a moment to come back."""
    watchdog = Watchdog(30)
    looks(watchdog, 90)
    looks(watchdog, 100)
    watchdog.forget()
    assert [looks(watchdog, now) for now in (200, 229, 230)] == [False, False, True]
