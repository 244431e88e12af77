"""Measures whether the service grows: resident memory of its long-lived processes after 1,000 jobs and after 10,000.

    python -m benchmarks.soak --out FILE [--jobs 10000]

On servers of its own, with no fault. Ends with 1 where a process has grown by more than a tenth.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from benchmarks.api.load import Target, saturated
from benchmarks.machine import facts
from benchmarks.show import table
from optimizer import settings as configuration
from optimizer.cli.keys import add_key
from optimizer.cli.stack.programs import extras, service
from optimizer.cli.stack.redis import find_server, free_port, private_redis
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.host.clock import SystemClock
from optimizer.kinds import Resource, Scope
from optimizer.store import keys

_WARM = 1000
_MOST_GROWTH = 1.1
_PATIENCE_SECONDS = 900.0
#: Jobs are submitted for so long at once, and then waited for
_BURST_SECONDS = 0.5


@dataclass(frozen=True)
class Stack:
    port: int
    key: str
    client: redis.Redis
    processes: Mapping[str, psutil.Process]  #: each program's own; a worker's children end after some jobs anyway

    def resident_mb(self) -> dict[str, float]:
        return {name: process.memory_info().rss / 1_000_000 for name, process in self.processes.items()}

    def unfinished(self) -> int:
        queued = sum(int(self.client.zcard(keys.queued(str(name)))) for name in self.client.smembers(keys.QUEUES))
        return queued + int(self.client.zcard(keys.RUNNING))

    def run_until(self, jobs: int) -> None:
        """Submit until so many were taken in all, and wait until all have ended."""
        target = Target(
            "submit", "POST", "/optimize/memory", b'{"dry_run": true}', (f"Authorization: Bearer {self.key}",), 202
        )
        while int(self.client.zcard(keys.JOBS)) < jobs:
            asyncio.run(saturated("127.0.0.1", self.port, target, _BURST_SECONDS))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.unfinished():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.unfinished()} jobs do not end.")
            time.sleep(0.2)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="where all figures are written, as JSON")
    parser.add_argument("--jobs", type=int, default=10_000)
    options = parser.parse_args(arguments)
    with _running() as stack:
        stack.run_until(_WARM)
        before = stack.resident_mb()
        stack.run_until(options.jobs)
        after, jobs = stack.resident_mb(), int(stack.client.zcard(keys.JOBS))
    growth = {name: after[name] / before[name] for name in before}
    rows = [[name, f"{before[name]:.1f}", f"{after[name]:.1f}", f"{growth[name]:.3f}"] for name in before]
    print(*table([["", f"MB after {_WARM:,}", f"MB after {jobs:,}", "ratio"], *rows]), sep="\n")
    report = {"jobs": jobs, "before_mb": before, "after_mb": after, "machine": facts(options.out.parent, [])}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    return int(max(growth.values()) > _MOST_GROWTH)


@contextmanager
def _running() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, Supervisor(Path(folder) / "logs") as supervisor:
        state, port = Path(folder) / "state", free_port()
        key = add_key(state / "keys.json", list(Scope), SystemClock().now())
        server = private_redis(find_server(), state / "redis")
        environment = configuration.child_environment(
            {
                "HRO_HOST": "soak",
                "HRO_PORT": str(port),
                "HRO_STATE_DIR": str(state),
                "HRO_REDIS_URL": server.url,
                "HRO_API_KEYS_FILE": str(state / "keys.json"),
                "HRO_SIGNING_KEY": "of this measurement",
                "HRO_FLOWER_PORT": str(free_port()),
                "HRO_FLOWER_AUTH": "hro:of this measurement",
            },
            inherit=False,
        )
        supervisor.start(server.program)
        programs = [*service(environment, [Resource.MEMORY]), *extras(environment)[:1]]
        supervisor.start(*programs)
        time.sleep(1)
        ours = psutil.Process().children()
        names = {program.name: program.command for program in programs}
        found = {name: _process(ours, command) for name, command in names.items()}
        client: redis.Redis = redis.Redis.from_url(server.url, decode_responses=True)
        yield Stack(port, key, client, found)


def _process(ours: Sequence[psutil.Process], command: Sequence[str]) -> psutil.Process:
    """The one of this command; the API's requests are answered by a child of it."""
    process = next(each for each in ours if list(command)[-3:] == each.cmdline()[-3:])
    serving = [child for child in process.children() if "granian" in " ".join(command)]
    return serving[0] if serving else process


if __name__ == "__main__":
    sys.exit(main())
