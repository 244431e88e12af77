"""Counters of Celery's own events, as they stand in the hash CELERY_METRICS. Pure."""

from bisect import bisect_left

#: The events that are counted, as celery-exporter names them: celery_task_<word>_total
COUNTED = ("sent", "received", "started", "succeeded", "failed", "rejected", "revoked", "retried")
#: Upper bounds of celery_task_runtime's buckets, in seconds: the defaults of prometheus-client
RUNTIME_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
RUNTIME, RUNTIME_SUM = "runtime", "runtime_sum"


def grown_by(word: str, name: str, hostname: str, runtime: float | None) -> list[tuple[str, float]]:
    """By how much each counter grows with an event task-<word> of a worker."""
    labels = (name, hostname, queue_of(hostname))
    grown: list[tuple[str, float]] = [("|".join((word, *labels)), 1)]
    if word == "succeeded" and runtime is not None:
        grown.append(("|".join((RUNTIME, *labels, _bucket(runtime))), 1))
        grown.append(("|".join((RUNTIME_SUM, *labels)), runtime))
    return grown


def queue_of(hostname: str) -> str:
    """A worker `<resource>@<host>` reads the queue `<resource>.<host>` alone."""
    return hostname.replace("@", ".", 1)


def _bucket(seconds: float) -> str:
    place = bisect_left(RUNTIME_BUCKETS, seconds)
    return str(RUNTIME_BUCKETS[place]) if place < len(RUNTIME_BUCKETS) else "+Inf"
