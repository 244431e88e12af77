"""The whole service as processes, over HTTP: the programs that `hro up` starts, on servers of their own."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from optimizer import settings as configuration
from optimizer.cli.keys import add_key
from optimizer.cli.stack.programs import extras, local_address, service
from optimizer.cli.stack.redis import free_port, installed_server, private_redis
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.host.clock import SystemClock
from optimizer.kinds import Resource, Scope
from tests.conftest import missing
from tests.servers import RABBITMQ, start_rabbitmq

PATIENCE_SECONDS = 60
FLOWER_AUTH = "hro:of these tests"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running service, and how its clients reach it."""

    address: str
    redis_url: str
    logs: Path
    folder: Path  #: inside the scan roots
    keys: Mapping[str, str]
    amqp_url: str
    flower: str
    supervisor: Supervisor
    provoked: list[str] = field(default_factory=list)  #: parts of log lines that a test brings about
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, *, scope: str | None = None, **more: Any) -> requests.Response:
        """A request, with the key of that scope or without any."""
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {self.keys[scope]}"} if scope else {})}
        return self.session.request(method, self.address + path, headers=headers, timeout=30, **more)

    def submit(self, path: str, body: Mapping[str, Any], *, scope: str | None = None) -> str:
        answer = self.call("POST", path, json=body, scope=scope)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["optimization_id"])

    def job(self, optimization_id: str, *, scope: str = "read") -> dict[str, Any]:
        answer = self.call("GET", f"/optimizations/{optimization_id}", scope=scope)
        assert answer.status_code == 200, answer.text
        record: dict[str, Any] = answer.json()
        return record

    def until(self, optimization_id: str, *statuses: str) -> dict[str, Any]:
        """The job's record once it has one of these statuses."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (record := self.job(optimization_id))["status"] not in statuses:
            assert time.monotonic() < deadline, record
            time.sleep(0.02)
        return record

    def log_lines(self) -> Iterator[tuple[str, str]]:
        for log in sorted(self.logs.glob("*.log")):
            for line in log.read_text(errors="replace").splitlines():
                yield log.stem, line


def is_complaint(line: str) -> bool:
    """A line that a person on call would have to look at."""
    if "Memory overcommit must be enabled" in line:  # what Redis says of the machine, at each start
        return False
    try:
        return json.loads(line).get("level") in ("warning", "error", "critical")
    except (ValueError, AttributeError):
        return any(word in line for word in ("Traceback", "[ERROR]", "CRITICAL", "# WARNING"))


class Broker:
    """A RabbitMQ that can be stopped and started again with what it had."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server = start_rabbitmq(folder)

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server = start_rabbitmq(self._folder, self.server.port)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if not RABBITMQ.exists():
        missing("rabbitmq-server")
    made = Broker(tmp_path_factory.mktemp("rabbitmq"))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Service]:
    """One service for the whole run. When it stops, its logs hold nothing that anybody would have to look at."""
    server = installed_server()
    if server is None:
        missing("redis-server")
        return
    state, folder = tmp_path_factory.mktemp("state"), tmp_path_factory.mktemp("data")
    keys = {
        scope.value: add_key(state / "keys.json", [Scope.READ, scope], SystemClock().now())
        for scope in (Scope.READ, Scope.PLAN, Scope.APPLY)
    }
    (state / "signing-key").write_text("of these tests")
    redis = private_redis(server, state / "redis")
    environment = configuration.child_environment(
        {
            "HRO_HOST": "acceptance",
            "HRO_PORT": str(free_port()),
            "HRO_REDIS_URL": redis.url,
            "HRO_STATE_DIR": str(state),
            "HRO_AMQP_URL": broker.server.url,
            "HRO_FLOWER_PORT": str(free_port()),
            "HRO_FLOWER_AUTH": FLOWER_AUTH,
            "HRO_ROOTS": str(folder),
            "HRO_SCAN_ROOTS": str(folder),
            "HRO_API_KEYS_FILE": str(state / "keys.json"),
            "HRO_SIGNING_KEY_FILE": str(state / "signing-key"),
        },
        inherit=False,
    )
    with Supervisor(state / "logs") as supervisor:
        supervisor.start(redis.program)
        supervisor.start(*service(environment, Resource))
        supervisor.start(*extras(environment))
        made = Service(
            address=local_address(configuration.load(environment)),
            redis_url=redis.url,
            logs=state / "logs",
            folder=folder,
            keys=keys,
            amqp_url=broker.server.url,
            flower=f"http://127.0.0.1:{environment['HRO_FLOWER_PORT']}",
            supervisor=supervisor,
        )
        yield made
    complaints = [line for line in made.log_lines() if is_complaint(line[1])]
    assert [line for line in complaints if not any(part in line[1] for part in made.provoked)] == []
