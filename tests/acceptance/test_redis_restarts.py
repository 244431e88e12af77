"""Redis killed twice within three seconds, while workers wait and while one works."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from optimizer import settings as configuration
from optimizer.cli.keys import add_key
from optimizer.cli.stack.child import Child, end_all
from optimizer.cli.stack.programs import local_address, service
from optimizer.cli.stack.redis import PrivateRedis, answers, free_port, installed_server, private_redis
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.host.clock import SystemClock
from optimizer.kinds import Resource, Scope
from tests.conftest import missing

#: The most that a worker may take to consume again
PATIENCE_SECONDS = 30
#: Holes are read at some gigabytes a second, so this takes longer than both restarts
SPARSE_BYTES = 14 * 1024**3


class Restarting:
    """A Redis that can be killed, and comes back with what it had written."""

    def __init__(self, redis: PrivateRedis, logs: Path) -> None:
        self._redis, self._logs, self._number = redis, logs, 0
        self._start()

    def _start(self) -> None:
        self._number += 1
        program, log = self._redis.program, self._logs / f"redis-{self._number}.log"
        self._child = Child("redis", program.command, log, folder=program.folder)
        while not answers(self._redis.url):
            assert not self._child.ended
            time.sleep(0.02)

    def kill_twice(self) -> None:
        for pause in (1.0, 0.0):
            os.kill(self._child.pid, signal.SIGKILL)
            self.end()
            self._start()
            time.sleep(pause)

    def end(self) -> None:
        end_all([self._child])


@dataclass(frozen=True)
class Stack:
    address: str
    key: str
    folder: Path
    redis: Restarting

    def call(self, method: str, path: str, **more: Any) -> Any:
        """The answer; while Redis is away the service says so, and is asked again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = requests.request(
                method, self.address + path, headers={"Authorization": f"Bearer {self.key}"}, timeout=30, **more
            )
            if answer.status_code != 503:
                return answer.json()
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def workers(self) -> set[tuple[str, int]]:
        rows = [worker for host in self.call("GET", "/hosts")["hosts"] for worker in host["workers"]]
        return {(row["worker"], row["pid"]) for row in rows if row["worker"].split("@")[0] in set(Resource)}

    def until(self, optimization_id: str, status: str, patience: float = PATIENCE_SECONDS) -> Any:
        deadline = time.monotonic() + patience
        while (record := self.call("GET", f"/optimizations/{optimization_id}"))["status"] != status:
            assert time.monotonic() < deadline, record
            time.sleep(0.1)
        return record


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    server = installed_server()
    if server is None:
        missing("redis-server")
        return
    state, data = tmp_path / "state", tmp_path / "data"
    data.mkdir()
    key = add_key(state / "keys.json", list(Scope), SystemClock().now())
    made = private_redis(server, state / "redis")
    environment = configuration.child_environment(
        {
            "HRO_HOST": "restarts",
            "HRO_PORT": str(free_port()),
            "HRO_STATE_DIR": str(state),
            "HRO_REDIS_URL": made.url,
            "HRO_SCAN_ROOTS": str(data),
            "HRO_API_KEYS_FILE": str(state / "keys.json"),
            "HRO_SIGNING_KEY": "of this test",
        },
        inherit=False,
    )
    redis = Restarting(made, tmp_path / "logs")
    try:
        with Supervisor(tmp_path / "logs") as supervisor:
            supervisor.start(*service(environment, [Resource.CPU, Resource.HASHING]))
            yield Stack(local_address(configuration.load(environment)), key, data, redis)
            supervisor.check()
    finally:
        redis.end()


def test_workers_go_on_and_a_job_at_work_succeeds_once(stack: Stack) -> None:
    """The same processes: idle ones consume again, and the busy one's result is written when Redis is back."""
    with (stack.folder / "sparse").open("wb") as file:
        file.truncate(SPARSE_BYTES)
    before = stack.workers()
    taken = stack.call("POST", "/hash", json={"path": str(stack.folder / "sparse")})["optimization_id"]
    stack.until(taken, "running")
    stack.redis.kill_twice()
    idle = stack.call("POST", "/optimize/cpu", json={"dry_run": True})["optimization_id"]
    stack.until(idle, "completed")
    record = stack.until(taken, "completed", patience=120)
    assert (record["attempt"], len(record["result"]["hashes"])) == (1, 1)
    again = stack.call("POST", "/hash", json={"path": str(stack.folder)})["optimization_id"]
    stack.until(again, "completed", patience=120)
    assert stack.workers() == before
