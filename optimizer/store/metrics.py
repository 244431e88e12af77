"""How counters and gauges stand in the hash METRICS: one field each, its parts joined by `|`. Pure.

The script that ends a job writes them, each scrape reads them: no restart loses one, no job counts twice.
"""

from bisect import bisect_left
from collections.abc import Mapping

from optimizer.jobs import Status

#: Upper bounds of the buckets of hardware_optimizer_duration_seconds, in seconds
BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

JOBS, DURATION, DURATION_SUM, LAST, TOTAL = "jobs", "duration", "duration_sum", "last", "total"
#: What the reconciler had to put right, by reason
RESCUED, RESCUE_REASONS = "rescued", ("message_lost", "lease_over")


def field(*parts: str) -> str:
    return "|".join(parts)


def counters(kind: str, status: Status, seconds: float, amounts: Mapping[str, int]) -> list[tuple[str, float]]:
    """By how much each counter grows when a job of `kind` ends after `seconds`."""
    grown: list[tuple[str, float]] = [
        (field(JOBS, kind, status.value), 1),
        (field(DURATION, kind, _bucket(seconds)), 1),
        (field(DURATION_SUM, kind), seconds),
    ]
    # A counter never falls; a run that made things worse shows in the gauge of the last run
    grown += [(field(TOTAL, name), amount) for name, amount in amounts.items() if amount > 0]
    return grown


def gauges(amounts: Mapping[str, int]) -> list[tuple[str, int]]:
    """What the last run of its kind brought."""
    return [(field(LAST, name), amount) for name, amount in amounts.items()]


def _bucket(seconds: float) -> str:
    place = bisect_left(BUCKETS, seconds)
    return str(BUCKETS[place]) if place < len(BUCKETS) else "+Inf"
