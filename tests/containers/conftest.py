"""The service in containers, on the engine that DOCKER_HOST names."""

import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker/compose.yaml"
OVERLAY = ROOT / "docker/compose.change.yaml"
PATIENCE_SECONDS = 120
SERVICES = (
    "redis", "rabbitmq", "api", "worker-memory", "worker-cpu", "worker-storage", "worker-hashing", "worker-docker",
    "keeper", "beat", "flower",
)  # fmt: skip


def docker(*arguments: str, environment: dict[str, str] | None = None, check: bool = True, stdin: str = "") -> str:
    """What a docker command prints, on either stream. Raises where it fails, unless it may."""
    done = subprocess.run(
        ["docker", *arguments],
        env={**os.environ, **(environment or {})},  # noqa: TID251 - DOCKER_HOST and the client's settings
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout


@dataclass(frozen=True)
class Stack:
    project: str
    environment: dict[str, str]
    address: str
    key: str
    files: tuple[Path, ...] = (COMPOSE,)

    def compose(self, *arguments: str, check: bool = True, stdin: str = "") -> str:
        files = (word for file in self.files for word in ("--file", str(file)))
        project = ("compose", "--project-name", self.project, *files)
        return docker(*project, *arguments, environment=self.environment, check=check, stdin=stdin)

    def up(self, *arguments: str) -> None:
        """Start what is named, or everything, and wait until all is well."""
        self.compose("up", "--detach", "--no-build", "--pull", "never", *arguments)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while waiting := {name: state for name, state in self.states().items() if state != "healthy"}:
            assert time.monotonic() < deadline, (waiting, self.compose("logs", "--tail", "5"))
            time.sleep(1)

    def states(self) -> dict[str, str]:
        """Each service's health."""
        rows = [json.loads(line) for line in self.compose("ps", "--all", "--format", "json").splitlines()]
        found = {row["Service"]: row["Health"] or row["State"] for row in rows}
        return {name: found.get(name, "missing") for name in SERVICES}

    def inside(self, service: str, *command: str, check: bool = True, stdin: str = "") -> str:
        return self.compose("exec", "--no-TTY", service, *command, check=check, stdin=stdin)

    def call(self, method: str, path: str, *, with_key: bool = True, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if with_key else {}
        return requests.request(method, self.address + path, headers=headers, timeout=30, **more)

    def done(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The record of a job that is started so, once it has ended."""
        answer = self.call("POST", path, json=body)
        assert answer.status_code == 202, answer.text
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            record: dict[str, Any] = self.call("GET", f"/optimizations/{answer.json()['optimization_id']}").json()
            if record["status"] not in ("queued", "running"):
                return record
            assert time.monotonic() < deadline, record
            time.sleep(0.1)


@pytest.fixture(scope="session")
def image() -> str:
    """The image IMAGE, or one that is built now."""
    given = os.environ.get("IMAGE")  # noqa: TID251 - how make names it
    if given:
        return given
    name = "hardware-resource-optimizer:test"
    docker("build", "--file", str(ROOT / "docker/Dockerfile"), "--tag", name, str(ROOT))
    return name


@pytest.fixture(scope="session")
def stack(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole stack under a name of its own; with its volumes it is gone afterwards."""
    scanned = tmp_path_factory.mktemp("scanned")
    scanned.chmod(0o755)
    scanned.parent.chmod(0o755)
    (scanned / "one.txt").write_text("the same")
    (scanned / "two.txt").write_text("the same")
    environment = {
        "HRO_HOST": "tested", "HRO_IMAGE": image, "HRO_SCAN_DIR": str(scanned), "HRO_PORT": "18110",
        "HRO_FLOWER_PORT": "18555",
    }  # fmt: skip
    made = Stack(f"hro-{uuid.uuid4().hex[:8]}", environment, "http://127.0.0.1:18110", "")
    try:
        (key,) = re.findall(r"hro_[a-z2-7]+_\S+", made.compose("run", "--rm", "init"))
        made = replace(made, key=key)
        made.up()
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "20", check=False)
