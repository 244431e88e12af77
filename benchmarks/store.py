"""Measures what one Redis carries: memory of a job that waits, and how long a pass of the reconciler takes beside many.

    python -m benchmarks.store --out FILE [--jobs 100000]

On a server of its own, with no worker: the jobs are submitted as the API does, and wait.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from benchmarks.machine import facts
from optimizer import bootstrap
from optimizer import settings as configuration
from optimizer.cli.stack.redis import find_server, private_redis
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.jobs import Job
from optimizer.kinds import KINDS
from optimizer.store.jobs import JobStore
from optimizer.store.reconciler import Reconciler

_PASSES = 200
_FEW = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench-store", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="where all figures are written, as JSON")
    parser.add_argument("--jobs", type=int, default=100_000, help="that wait at the end")
    options = parser.parse_args(arguments)
    figures = _measure(options.jobs)
    print(*(f"{name.replace('_', ' ')}: {value}" for name, value in figures.items()), sep="\n")
    report = {"figures": figures, "machine": facts(Path(__file__).parent, ["redis-server"])}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    return 0


def _measure(jobs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-store-") as name, Supervisor(Path(name) / "logs") as supervisor:
        server = private_redis(find_server(), Path(name) / "redis")
        supervisor.start(server.program)
        environment = {"HRO_HOST": "bench", "HRO_STATE_DIR": name, "HRO_REDIS_URL": server.url}
        settings = configuration.load(environment)
        store, reconciler = bootstrap.api_parts(settings).store, bootstrap.keeper_parts(settings).reconciler
        client = redis.Redis.from_url(server.url)
        _submit(store, min(_FEW, jobs))
        beside_few, before = _pass_ms(reconciler), _used_bytes(client)
        submitted_in = _submit(store, jobs - min(_FEW, jobs))
        after = _used_bytes(client)
        return {
            "jobs_that_wait": jobs,
            "bytes_of_each": round((after - before) / max(1, jobs - _FEW)),
            "submitted_per_second": round((jobs - _FEW) / submitted_in),
            f"pass_ms_beside_{min(_FEW, jobs)}": beside_few,
            "pass_ms_beside_all": _pass_ms(reconciler),
        }


def _submit(store: JobStore, count: int) -> float:
    """Seconds that it took."""
    started = time.monotonic()
    for number in range(count):
        store.submit(
            Job(
                optimization_id=str(uuid.uuid4()),
                kind=KINDS["analyze_storage"].name,
                host="bench",
                options={"path": f"/srv/data/{number}"},
                created_at=store.clock.now(),
            )
        )
    return time.monotonic() - started


def _pass_ms(reconciler: Reconciler) -> float:
    """The median of many."""
    times = []
    for _ in range(_PASSES):
        started = time.perf_counter()
        reconciler.reconcile()
        times.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(times), 2)


def _used_bytes(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])


if __name__ == "__main__":
    sys.exit(main())
