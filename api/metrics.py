"""Prometheus metrics: what workers did is read from Redis at each scrape; what this process answered is its own."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api import celery_metrics
from optimizer.errors import StoreUnavailableError
from optimizer.store import metrics as stored
from optimizer.store.vitals import Vitals

_PREFIX = "hardware_optimizer"

#: The counter of the requests to an endpoint, as its rule is written, that were answered with a status
Answered = Callable[[str, int], Counter]


class StoreCollector(Collector):
    """Everything that stands in Redis, as it is at the moment of the scrape."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        try:
            found = [*self._counted(), *self._waiting(), *self._workers(), *self._celery()]
            up = 1
        except StoreUnavailableError:
            found, up = [], 0
        yield GaugeMetricFamily(f"{_PREFIX}_store_up", "Whether Redis could be asked.", value=up)
        yield from found

    def _counted(self) -> Iterator[Metric]:
        fields = {tuple(name.split("|")): value for name, value in self._vitals.counters().items()}
        yield from _jobs(fields)
        yield _durations(fields)
        yield _rescued(fields)
        for (family, *rest), value in sorted(fields.items()):
            if family == stored.LAST:
                yield GaugeMetricFamily(f"{_PREFIX}_{rest[0]}", "What the last run brought.", value=value)
            if family == stored.TOTAL:
                yield CounterMetricFamily(f"{_PREFIX}_{rest[0]}", "What all runs brought.", value=value)

    def _waiting(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily(f"{_PREFIX}_queue_depth", "Jobs that wait.", labels=["queue"])
        oldest = GaugeMetricFamily(
            f"{_PREFIX}_oldest_waiting_seconds", "How long the oldest has waited.", labels=["queue"]
        )
        for queue in self._vitals.queues():
            depth.add_metric([queue.name], queue.waiting)
            oldest.add_metric([queue.name], queue.oldest_seconds)
        yield depth
        yield oldest
        yield GaugeMetricFamily(f"{_PREFIX}_jobs_delayed", "Jobs that are not due yet.", value=self._vitals.delayed())
        yield GaugeMetricFamily(
            f"{_PREFIX}_outbox_length", "Events that wait for RabbitMQ.", value=self._vitals.outbox_length()
        )

    def _workers(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(f"{_PREFIX}_worker_up", "Whether a worker is there.", labels=["worker"])
        for name, facts in self._vitals.workers().items():
            up.add_metric([name], float(facts["alive"]))
        yield up

    def _celery(self) -> Iterator[Metric]:
        vitals = self._vitals
        return celery_metrics.families(vitals.celery_counters(), vitals.workers(), vitals.queues())


def _jobs(fields: Mapping[tuple[str, ...], float]) -> Iterator[Metric]:
    family = CounterMetricFamily(f"{_PREFIX}_jobs", "Jobs that ended.", labels=["kind", "status"])
    for (name, *labels), value in sorted(fields.items()):
        if name == stored.JOBS:
            family.add_metric(labels, value)
    yield family


def _durations(fields: Mapping[tuple[str, ...], float]) -> Metric:
    family = HistogramMetricFamily(
        f"{_PREFIX}_duration_seconds", "How long jobs took, from their start.", labels=["operation"]
    )
    bounds = [*map(str, stored.BUCKETS), "+Inf"]
    for kind in sorted({labels[0] for name, *labels in fields if name == stored.DURATION_SUM}):
        reached, cumulative = 0.0, []
        for bound in bounds:
            reached += fields.get((stored.DURATION, kind, bound), 0.0)
            cumulative.append((bound, reached))
        family.add_metric([kind], cumulative, fields[(stored.DURATION_SUM, kind)])
    return family


def _rescued(fields: Mapping[tuple[str, ...], float]) -> Metric:
    family = CounterMetricFamily(f"{_PREFIX}_jobs_rescued", "Jobs brought back to their queue.", labels=["reason"])
    for reason in stored.RESCUE_REASONS:
        family.add_metric([reason], fields.get((stored.RESCUED, reason), 0.0))
    return family


def registry(vitals: Vitals, shared: str | None = None) -> tuple[CollectorRegistry, Answered]:
    """A registry for the app, and its counters of requests; `shared`: the folder where its processes count together."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, of which nobody asks
    made = CollectorRegistry()
    requests = Counter(f"{_PREFIX}_requests", "Requests that were answered.", ["endpoint", "status"], registry=None)
    if shared:  # it may be gone when a process is started again: logind clears the memory of who has logged out
        Path(shared).mkdir(mode=0o700, exist_ok=True)
    made.register(MultiProcessCollector(None, shared) if shared else requests)  # type: ignore[no-untyped-call]
    made.register(StoreCollector(vitals))
    return made, cache(lambda endpoint, status: requests.labels(endpoint, str(status)))
