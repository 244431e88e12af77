"""Paired medians and rotated orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import paired, rotated, spread

seconds = st.floats(0.001, 1000)
#: A round: our time, theirs, and how many times slower the machine was in it.
rounds = st.lists(st.tuples(seconds, seconds, st.floats(0.1, 10)), min_size=1, max_size=9)


def test_the_median_is_that_of_the_ratios() -> None:
    """Not the ratio of the medians, which is 2 / 3 here."""
    assert paired([1, 2, 30], [2, 3, 10]) == (2 / 3, 0.5, 3.0)
    assert paired([1, 2, 4], [4, 1, 5]) == (0.8, 0.25, 2.0)


@given(rounds)
def test_a_slow_round_slows_both(measured: list[tuple[float, float, float]]) -> None:
    """A machine that is busy for a whole round changes no ratio."""
    ours, theirs, slowed = zip(*measured, strict=True)
    quiet = paired(ours, theirs)
    busy = paired(*([time * by for time, by in zip(times, slowed, strict=True)] for times in (ours, theirs)))
    assert busy == pytest.approx(quiet)


@given(rounds)
def test_the_other_way_round_is_the_inverse(measured: list[tuple[float, float, float]]) -> None:
    """The lowest ratio of ours to theirs is the inverse of the highest of theirs to ours."""
    ours, theirs, _ = zip(*measured, strict=True)
    assert paired(ours, theirs).low == pytest.approx(1 / paired(theirs, ours).high)


@given(st.lists(seconds, min_size=1))
def test_a_median_lies_within(values: list[float]) -> None:
    """Between the least and the most."""
    found = spread(values)
    assert min(values) == found.low <= found.median <= found.high == max(values)


def test_rounds_that_lack_a_partner_are_refused() -> None:
    """So is a median of nothing."""
    with pytest.raises(ValueError, match="shorter"):
        paired([1, 2], [1])
    with pytest.raises(ValueError, match="Nothing was measured"):
        spread([])


@given(st.lists(st.text(), unique=True, min_size=1, max_size=8))
def test_each_is_first_once(names: list[str]) -> None:
    """In as many turns as there are names, each has every place once."""
    turns = [rotated(names, turn) for turn in range(len(names))]
    for place in zip(*turns, strict=True):
        assert sorted(place) == sorted(names)
