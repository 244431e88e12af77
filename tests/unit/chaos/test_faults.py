"""The schedule of faults."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.chaos.faults import DECK, Part, schedule

seeds = st.integers(0, 1 << 32)


@given(seeds, st.floats(1, 3600))
def test_one_seed_is_one_schedule_in_the_order_of_time(seed: int, seconds: float) -> None:
    """Within the time that was given."""
    faults = schedule(seed, seconds)
    assert faults == schedule(seed, seconds)
    moments = [fault.at for fault in faults]
    assert moments == sorted(moments)
    assert all(0 < moment <= seconds for moment in moments)


@given(seeds)
def test_a_minute_holds_every_deed(seed: int) -> None:
    """The whole deck is dealt, however short the run: more than ten kills are in it."""
    faults = schedule(seed, 60)
    assert Counter((fault.deed, fault.part) for fault in faults) == Counter(DECK)
    assert sum(fault.is_kill for fault in faults) > 10


def test_ten_minutes_hold_more_than_a_hundred_kills() -> None:
    """A long run deals the deck again and again."""
    assert sum(fault.is_kill for fault in schedule(1, 600)) > 100


@pytest.mark.parametrize("seed", [1, 2])
def test_no_disk_is_filled_where_there_is_none(seed: int) -> None:
    """All else stays as it was."""
    faults = [fault for fault in schedule(seed, 60) if fault.part is not Part.DISK]
    assert schedule(seed, 60, with_disk=False) == faults
