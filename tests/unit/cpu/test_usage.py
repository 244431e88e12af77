"""Which processes used the CPU between two samples."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.cpu.usage import busiest
from optimizer.host.procfs import ProcessStat


def stat(pid: int, ticks: int, start: int = 1, name: str = "x") -> ProcessStat:
    return ProcessStat(pid=pid, name=name, cpu_ticks=ticks, start_ticks=start, rss_pages=1)


def test_a_share_is_of_one_core() -> None:
    """Two busy threads for the whole window are 200 percent."""
    (used,) = busiest([stat(1, 100)], [stat(1, 200)], ticks_of_a_core=50, count=5)
    assert used.to_json() == {"pid": 1, "name": "x", "cpu_percent": 200.0}


def test_a_pid_that_was_given_anew_is_another_process() -> None:
    """All that the new one used since its start would else look like use in the window."""
    assert busiest([stat(1, 100, start=1)], [stat(1, 5000, start=2)], 50, 5) == []


def test_one_that_started_meanwhile_is_not_compared() -> None:
    """There is no earlier figure of it."""
    assert busiest([], [stat(1, 40)], 50, 5) == []


def test_no_time_is_no_use() -> None:
    """Two samples at one moment tell nothing."""
    assert busiest([stat(1, 0)], [stat(1, 40)], 0, 5) == []


@given(st.dictionaries(st.integers(1, 1000), st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=50))
def test_the_busiest_come_first_and_idle_ones_not_at_all(ticks: dict[int, tuple[int, int]]) -> None:
    """Ten at most, in falling order, and nobody left out who used more."""
    before = [stat(pid, old) for pid, (old, _) in ticks.items()]
    after = [stat(pid, old + used) for pid, (old, used) in ticks.items()]
    found = busiest(before, after, 100, 10)
    expected = sorted((used for _, used in ticks.values() if used), reverse=True)[:10]
    assert [usage.cpu_percent for usage in found] == expected
