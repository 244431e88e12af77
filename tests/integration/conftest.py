"""The store on a real Redis, emptied for each test."""

from dataclasses import dataclass
from typing import cast

import pytest
import redis

from optimizer.store.attempts import AttemptStore
from optimizer.store.connection import PATIENT, Scripts, connect
from optimizer.store.endings import Lifetimes
from optimizer.store.jobs import JobStore
from optimizer.store.reconciler import Reconciler
from optimizer.store.vitals import Vitals
from tests.fakes.clock import FakeClock


@dataclass(frozen=True)
class Store:
    """Every face of the store, on one database."""

    redis: redis.Redis
    jobs: JobStore
    attempts: AttemptStore
    reconciler: Reconciler
    vitals: Vitals
    clock: FakeClock

    def events(self) -> list[dict[str, str]]:
        """What waits in the outbox, oldest first."""
        return [fields for _, fields in cast("list[tuple[str, dict[str, str]]]", self.redis.xrange("hro:outbox"))]

    def event_types(self) -> list[str]:
        return [event["event_type"] for event in self.events()]


@pytest.fixture
def store(redis_url: str) -> Store:
    client = connect(redis_url, PATIENT)
    client.flushdb()
    clock, scripts = FakeClock(), Scripts(client)
    lifetimes = Lifetimes(record_seconds=100, tombstone_seconds=1000)
    return Store(
        redis=client,
        jobs=JobStore(redis=client, scripts=scripts, lifetimes=lifetimes, clock=clock, signing_key=b"key"),
        attempts=AttemptStore(scripts=scripts, lifetimes=lifetimes, clock=clock, wait=clock.move),
        reconciler=Reconciler(
            redis=client, scripts=scripts, lifetimes=lifetimes, clock=clock, grace_seconds=0, lease_seconds=0
        ),
        vitals=Vitals(redis=client, clock=clock),
        clock=clock,
    )
