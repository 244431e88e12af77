"""Counters of jobs that ended."""

import pytest

from optimizer.jobs import Status
from optimizer.store import metrics


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [(0.0, "0.01"), (0.01, "0.01"), (0.011, "0.05"), (60.0, "60.0"), (1800.0, "1800.0"), (1801.0, "+Inf")],
)
def test_a_duration_falls_into_the_bucket_whose_bound_it_does_not_pass(seconds: float, bound: str) -> None:
    """Prometheus' `le` is "at most"."""
    grown = dict(metrics.counters("analyze_cpu", Status.COMPLETED, seconds, {}))
    assert grown[f"duration|analyze_cpu|{bound}"] == 1
    assert grown["duration_sum|analyze_cpu"] == seconds


def test_a_counter_of_what_was_freed_never_falls() -> None:
    """What made things worse shows in the gauge of the last run alone."""
    amounts = {"memory_freed_bytes": -4096}
    names = [name for name, _ in metrics.counters("optimize_memory", Status.COMPLETED, 1, amounts)]
    assert "total|memory_freed_bytes" not in names
    assert metrics.gauges(amounts) == [("last|memory_freed_bytes", -4096)]
