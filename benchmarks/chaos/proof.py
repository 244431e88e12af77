"""Shows that the accounting notices: a message taken away is a lost job, a copied one is a doubled job.

Both are done to a service without claims and keepers, and to one as it is.
"""

import time
from pathlib import Path
from typing import NamedTuple

import redis

from benchmarks.chaos import accounting, collect
from benchmarks.chaos.client import Client
from benchmarks.chaos.faults import Part
from benchmarks.chaos.ledger import Ledger
from benchmarks.chaos.stack import Stack
from benchmarks.chaos.strikes import paused
from optimizer.jobs import Status
from optimizer.kinds import KINDS, Resource

_JOBS = 20
_KIND = KINDS["optimize_cpu"]
_PATIENCE_SECONDS = 90.0
#: For what could still come when all has ended: the copied message is the last one of its list
_REST_SECONDS = 5.0


class Found(NamedTuple):
    lost: int
    doubled: int


def main(folder: Path) -> int:
    unprotected = _try(folder / "without", worker="benchmarks.chaos.credulous", hosts=0)
    protected = _try(folder / "with", worker="benchmarks.chaos.worker", hosts=1)
    print(f"One message taken away, one copied, of {_JOBS} jobs:")
    print(f"  without claims and keepers: {unprotected.lost} lost, {unprotected.doubled} doubled (1 and 1 are right)")
    print(f"  as the service is:          {protected.lost} lost, {protected.doubled} doubled (0 and 0 are right)")
    return int((unprotected, protected) != (Found(1, 1), Found(0, 0)))


def _try(folder: Path, *, worker: str, hosts: int) -> Found:
    folder.mkdir()
    with Stack(folder, [Resource.CPU], worker=worker, hosts=hosts, with_broker=False) as stack:
        client, ledger = Client(stack.address, stack.key), Ledger()
        (place,) = stack.of(Part.WORKER)
        with paused(place):
            for _ in range(_JOBS):
                ledger.accept(client.submit(_KIND.path, {"dry_run": True}))
            _take_one_and_copy_one(stack.redis_url, str(_KIND.resource))
        expected = _JOBS if hosts else _JOBS - 1
        stack.until(lambda: _ended(client, ledger) >= expected, _PATIENCE_SECONDS)
        time.sleep(_REST_SECONDS)
        evidence = collect.collect(client, ledger, (), data=stack.data, state=stack.state, logs=stack.logs)
    return Found(len(list(accounting.lost(evidence))), len(set(accounting.doubled(evidence))))


def _take_one_and_copy_one(redis_url: str, resource: str) -> None:
    """Of the messages in the middle of the worker's list."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as server:
        (queue,) = server.scan_iter(f"{resource}.*", _type="list")
        messages = server.lrange(queue, 0, -1)
        server.lrem(queue, 1, messages[_JOBS // 4])
        server.lpush(queue, messages[_JOBS // 2])


def _ended(client: Client, ledger: Ledger) -> int:
    records = (client.record(job) for job in ledger.accepted)
    return sum(record is not None and Status(record["status"]).is_final for record in records)
