"""What is told from /proc/stat, and the order of rounds."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measure import busiest, rounds

ticks = st.lists(st.integers(0, 1000), min_size=10, max_size=10)


def stat(*cpus: list[int]) -> str:
    rows = [f"cpu{number} {' '.join(map(str, row))}" for number, row in enumerate(cpus)]
    return "\n".join(["cpu  1 2 3 4 5 6 7 8 9 10", *rows, "intr 12 0", "ctxt 5", ""])


def test_the_busiest_cpu_counts() -> None:
    """One that idles does not hide another; one that we may not use does not count."""
    before = stat([0] * 10, [0] * 10, [0] * 10)
    after = stat([0, 0, 0, 50, 0, 0, 0, 0, 0, 0], [10, 0, 0, 40, 0, 0, 0, 0, 0, 0], [50] + [0] * 9)
    assert busiest(before, after, {0, 1}) == 0.2
    assert busiest(before, after, {0}) == 0
    assert busiest(before, after, {0, 1, 2}) == 1


def test_stolen_time_and_waiting_are_no_rest() -> None:
    """Fields five and eight: iowait and steal."""
    assert busiest(stat([0] * 10), stat([0, 0, 0, 60, 30, 0, 0, 10, 0, 0]), {0}) == 0.4


def test_guest_time_is_not_counted_twice() -> None:
    """It is in user time already."""
    assert busiest(stat([0] * 10), stat([50, 0, 0, 50, 0, 0, 0, 0, 50, 0]), {0}) == 0.5


@given(st.lists(st.tuples(ticks, ticks), min_size=1, max_size=4))
def test_a_share_is_a_share(cpus: list[tuple[list[int], list[int]]]) -> None:
    """From nothing to all of the time, whatever the counters."""
    before = [first for first, _ in cpus]
    after = [[a + b for a, b in zip(*pair, strict=True)] for pair in cpus]
    assert 0 <= busiest(stat(*before), stat(*after), set(range(len(cpus)))) <= 1


def test_a_round_measures_each_once() -> None:
    """In an order that begins one later each round; the answers stay with the names."""
    order: list[str] = []

    def measure(name: str) -> int:
        order.append(name)
        return len(order)

    assert rounds(["a", "b", "c"], 2, measure) == [{"a": 1, "b": 2, "c": 3}, {"b": 4, "c": 5, "a": 6}]
    assert order == ["a", "b", "c", "b", "c", "a"]
