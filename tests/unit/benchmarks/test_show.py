"""Tables and bars."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.show import bar, bars, table


def test_columns_stand_below_each_other() -> None:
    """Names flush left, figures flush right."""
    assert table([["", "s"], ["hro", "1.25"], ["du -s", "10.00"]]) == ["           s", "hro     1.25", "du -s  10.00"]


def test_bars_share_a_scale() -> None:
    """The longest is as long as it may be, half of it half as long."""
    assert bars({"a": 4, "bc": 2, "d": 0.25}, width=4) == ["a   ████", "bc  ██", "d   ▎"]
    assert bars({}) == []


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_is_seen_and_fits(share: float, width: int) -> None:
    """However small the value."""
    assert 1 <= len(bar(share, width)) <= width
