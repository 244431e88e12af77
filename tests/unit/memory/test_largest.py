"""The largest processes are found without measuring every one."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.memory.largest import Candidate, Footprint, largest

#: RSS, and PSS of no more; None where the PSS cannot be read.
SIZES = st.lists(
    st.integers(1, 1000).flatmap(lambda rss: st.tuples(st.just(rss), st.none() | st.integers(0, rss))), max_size=40
)


def footprint(candidate: Candidate, pss: int | None) -> Footprint:
    return Footprint(
        pid=candidate.pid,
        name=candidate.name,
        memory_bytes=candidate.rss_bytes if pss is None else pss,
        measure="rss" if pss is None else "pss",
        rss_bytes=candidate.rss_bytes,
    )


@given(SIZES, st.integers(1, 10))
def test_it_finds_what_measuring_all_would_find(sizes: list[tuple[int, int | None]], count: int) -> None:
    """The short way and the long way give the same list."""
    candidates = [Candidate(pid, "x", rss) for pid, (rss, _) in enumerate(sizes)]
    every = [footprint(candidate, pss) for candidate, (_, pss) in zip(candidates, sizes, strict=True)]
    expected = sorted(every, key=lambda each: (-each.memory_bytes, each.pid))[:count]
    assert largest(candidates, lambda candidate: every[candidate.pid], count) == expected


def test_small_processes_are_not_measured() -> None:
    """Of a thousand small ones behind a large one, none is asked for its PSS."""
    asked = []

    def measure(candidate: Candidate) -> Footprint:
        asked.append(candidate.pid)
        return footprint(candidate, candidate.rss_bytes)

    candidates = [Candidate(pid, "x", 10) for pid in range(1000)]
    assert largest([*candidates, Candidate(5000, "x", 10_000)], measure, 1)[0].pid == 5000
    assert asked == [5000]


def test_a_process_that_ended_is_left_out() -> None:
    """The next one takes its place."""
    candidates = [Candidate(1, "gone", 100), Candidate(2, "here", 50)]
    found = largest(candidates, lambda each: None if each.pid == 1 else footprint(each, 20), 1)
    assert [each.pid for each in found] == [2]
