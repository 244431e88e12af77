"""The largest of many."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.storage.largest import Largest


@given(st.lists(st.integers(0, 20)), st.integers(1, 8))
def test_the_largest_are_those_of_a_sort(sizes: list[int], count: int) -> None:
    """The largest first; of equal ones, those that came first."""
    largest: Largest[int] = Largest(count)
    for number, size in enumerate(sizes):
        largest.add(size, number)
    assert largest.sorted() == sorted(range(len(sizes)), key=lambda number: -sizes[number])[:count]


@given(st.lists(st.integers(0, 20)), st.integers(1, 8))
def test_what_is_not_over_the_threshold_need_not_be_shown(sizes: list[int], count: int) -> None:
    """To look before adding changes nothing."""
    all_shown: Largest[int] = Largest(count)
    few_shown: Largest[int] = Largest(count)
    for size in sizes:
        all_shown.add(size, size)
        if size > few_shown.threshold:
            few_shown.add(size, size)
    assert few_shown.sorted() == all_shown.sorted()
