"""Celery's metrics by the names that dashboards for celery-exporter read. Pure."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from optimizer.store import celery_metrics as stored
from optimizer.store.vitals import QueueState
from optimizer.values import JsonObject

_LABELS = ["name", "hostname", "queue_name"]


def families(
    counters: Mapping[str, float], workers: Mapping[str, JsonObject], queues: list[QueueState]
) -> Iterator[Metric]:
    """From what the keeper counted, and from the signs of life of workers and queues."""
    fields = {tuple(name.split("|")): value for name, value in counters.items()}
    yield from _tasks(fields)
    yield _runtime(fields)
    up = GaugeMetricFamily("celery_worker_up", "Whether a worker is there.", labels=["hostname"])
    for name, facts in workers.items():
        if "resource" in facts:
            up.add_metric([name], float(facts["alive"]))
    yield up
    length = GaugeMetricFamily("celery_queue_length", "Jobs that wait.", labels=["queue_name"])
    for queue in queues:
        length.add_metric([queue.name], queue.waiting)
    yield length


def _tasks(fields: Mapping[tuple[str, ...], float]) -> Iterator[Metric]:
    for word in stored.COUNTED:
        family = CounterMetricFamily(f"celery_task_{word}", f"Events task-{word}.", labels=_LABELS)
        for (counted, *labels), value in sorted(fields.items()):
            if counted == word:
                family.add_metric(labels, value)
        yield family


def _runtime(fields: Mapping[tuple[str, ...], float]) -> Metric:
    family = HistogramMetricFamily("celery_task_runtime", "How long tasks ran, in seconds.", labels=_LABELS)
    for (counted, *labels), total in sorted(fields.items()):
        if counted == stored.RUNTIME_SUM:
            family.add_metric(labels, _cumulative(fields, (stored.RUNTIME, *labels)), total)
    return family


def _cumulative(fields: Mapping[tuple[str, ...], float], series: tuple[str, ...]) -> list[tuple[str, float]]:
    reached, buckets = 0.0, []
    for bound in (*map(str, stored.RUNTIME_BUCKETS), "+Inf"):
        reached += fields.get((*series, bound), 0.0)
        buckets.append((bound, reached))
    return buckets
