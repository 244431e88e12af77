"""Measures the bridge: events while RabbitMQ is away, while the keeper is away, and how fast what waited is handed on.

    python -m benchmarks.bridge --out FILE [--seconds 60] [--rate 100] [--backlog 30000]

`--rate` events a second are written to the outbox all the time. RabbitMQ is stopped for `--seconds`, then the keeper
is. Each event has to be in a durable queue at the end; ends with 1 where one is missing. On servers of its own.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import kombu
import redis

from benchmarks.machine import facts
from optimizer import settings as configuration
from optimizer.cli.commands import FOLDER, keeper_command
from optimizer.cli.stack.child import Child, end_all
from optimizer.cli.stack.redis import find_server, private_redis
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.store import keys
from tests.servers import start_rabbitmq
from workers.keeper.publisher import EXCHANGE

_PATIENCE_SECONDS = 120.0
_PIPE = 1000


class Outbox:
    """Writes events as the store's scripts do, and knows their ids."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self.written = 0

    def write(self, count: int) -> None:
        for start in range(0, count, _PIPE):
            pipe = self._client.pipeline(transaction=False)
            for _ in range(min(_PIPE, count - start)):
                pipe.xadd(keys.OUTBOX, self._event())  # type: ignore[arg-type]  # a mapping of texts
            pipe.execute()

    def write_at(self, rate: float, stop: threading.Event) -> None:
        due = time.monotonic()
        while not stop.is_set():
            self.write(1)
            due += 1 / rate
            stop.wait(max(0.0, due - time.monotonic()))

    def _event(self) -> dict[str, str]:
        self.written += 1
        return {
            "event_id": f"event-{self.written}",
            "event_type": "job.completed",
            "optimization_id": f"job-{self.written}",
            "host": "bench",
            "data": '{"kind": "optimize_memory", "duration_ms": 3}',
            "timestamp_ms": "1700000000000",
        }

    def is_empty(self) -> bool:
        return self._client.xlen(keys.OUTBOX) == 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench-bridge", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="where all figures are written, as JSON")
    parser.add_argument("--seconds", type=float, default=60, help="that RabbitMQ, then the keeper, is away")
    parser.add_argument("--rate", type=float, default=100, help="events a second")
    parser.add_argument("--backlog", type=int, default=30_000, help="events whose handing on is timed")
    options = parser.parse_args(arguments)
    figures = _measure(options)
    print(*(f"{name.replace('_', ' ')}: {value}" for name, value in figures.items()), sep="\n")
    report = {"figures": figures, "machine": facts(Path(__file__).parent, ["redis-server"])}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    return int(figures["missing"] > 0)


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-bridge-")))
        supervisor = stack.enter_context(Supervisor(folder / "logs"))
        server = private_redis(find_server(), folder / "redis")
        supervisor.start(server.program)
        rabbit = start_rabbitmq(folder / "rabbitmq")
        queue = _queue(rabbit.url)
        environment = configuration.child_environment(
            {
                "HRO_HOST": "bench",
                "HRO_STATE_DIR": str(folder),
                "HRO_REDIS_URL": server.url,
                "HRO_AMQP_URL": rabbit.url,
            },
            inherit=False,
        )
        outbox = Outbox(redis.Redis.from_url(server.url, decode_responses=True))

        def keeper() -> Child:
            return Child(
                "keeper", keeper_command(), folder / "keeper.log", environment=environment, folder=Path(FOLDER)
            )

        keeping, stop = keeper(), threading.Event()
        writing = threading.Thread(target=outbox.write_at, args=(options.rate, stop))
        writing.start()
        time.sleep(2)
        rabbit.stop()
        time.sleep(options.seconds)
        rabbit = start_rabbitmq(folder / "rabbitmq", rabbit.port)
        _until(outbox.is_empty)
        end_all([keeping])
        time.sleep(options.seconds)
        stop.set()
        writing.join()
        outbox.write(options.backlog)
        waiting = outbox.written
        keeping = keeper()
        rate = _drained_per_second(outbox)
        received = _received(rabbit.url, queue)
        end_all([keeping])
        rabbit.stop()
    return {
        "events": waiting,
        "missing": waiting - len(received),
        "repeated": sum(received.values()) - len(received),
        "handed_on_per_second": round(rate),
        "seconds_away_each": options.seconds,
    }


def _drained_per_second(outbox: Outbox) -> float:
    """From the first event that is handed on to the last."""
    client = outbox._client  # noqa: SLF001 - of this module
    full = client.xlen(keys.OUTBOX)
    _until(lambda: client.xlen(keys.OUTBOX) < full)
    started, left = time.monotonic(), client.xlen(keys.OUTBOX)
    _until(outbox.is_empty)
    return left / (time.monotonic() - started)


def _queue(url: str) -> kombu.Queue:
    exchange = kombu.Exchange(EXCHANGE, "topic", durable=True)
    queue = kombu.Queue("bench", exchange, routing_key="optimization.job.#", durable=True)
    with kombu.Connection(url) as connection:
        queue(connection.channel()).declare()
    return queue


def _received(url: str, queue: kombu.Queue) -> Counter[str]:
    """Every event that is in the queue, by its id."""
    found: Counter[str] = Counter()
    with kombu.Connection(url) as connection:
        bound = queue(connection.channel())
        while message := bound.get(no_ack=True, accept=["json"]):
            found[str(message.properties["message_id"])] += 1
    return found


def _until(reached: Any) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError("The outbox is not handed on.")
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
