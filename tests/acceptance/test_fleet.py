"""Three hosts on one Redis, each in a network of its own, of which one is cut off for a while."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests

from optimizer import settings as configuration
from optimizer.cli.keys import add_key
from optimizer.cli.stack.programs import local_address, service
from optimizer.cli.stack.redis import answers, free_port, installed_server
from optimizer.cli.stack.supervisor import Program, Supervisor
from optimizer.host.clock import SystemClock
from optimizer.kinds import Resource, Scope
from tests.conftest import missing

HOSTS = ("north", "south", "west")
#: Longer than a worker waits for an answer of Redis, so that a message may be lost on the way to the one cut off
CUT_OFF_SECONDS = 15
PATIENCE_SECONDS = 90


def ip(*words: str) -> None:
    if subprocess.run(["ip", *words], check=False, capture_output=True).returncode != 0:
        missing("the right to make networks")


class Networks:
    """A bridge, and a namespace for each host with a cable to it."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(2)
        self.bridge = f"hro{self._mark}"
        self._net = f"10.213.{secrets.randbelow(256)}"
        self.address = f"{self._net}.1"

    def namespace(self, host: str) -> str:
        return f"hro-{self._mark}-{host}"

    def _cable(self, host: str) -> str:
        return f"h{self._mark}{host[:4]}"

    def make(self, stack: ExitStack) -> None:
        ip("link", "add", "name", self.bridge, "type", "bridge")
        stack.callback(ip, "link", "del", self.bridge)
        ip("addr", "add", f"{self.address}/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")
        for number, host in enumerate(HOSTS, start=2):
            namespace, cable = self.namespace(host), self._cable(host)
            ip("netns", "add", namespace)
            stack.callback(ip, "netns", "del", namespace)
            ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", namespace)
            ip("link", "set", cable, "master", self.bridge)
            ip("link", "set", cable, "up")
            for words in (
                ("addr", "add", f"{self._net}.{number}/24", "dev", "eth0"),
                ("link", "set", "eth0", "up"),
                ("link", "set", "lo", "up"),
            ):
                ip("-n", namespace, *words)

    def cut_off(self, host: str) -> None:
        ip("link", "set", self._cable(host), "down")

    def connect(self, host: str) -> None:
        ip("link", "set", self._cable(host), "up")


@dataclass(frozen=True)
class Fleet:
    address: str
    key: str
    networks: Networks

    def get(self, path: str) -> dict[str, object]:
        answer = requests.get(self.address + path, headers={"Authorization": f"Bearer {self.key}"}, timeout=10)
        found: dict[str, object] = answer.json()
        return found

    def children(self, optimization_id: str) -> dict[str, str]:
        """The status of each host's part."""
        found = self.get(f"/optimizations/{optimization_id}")["children"]
        assert isinstance(found, list)
        return {child["host"]: child["status"] for child in found}

    def until(self, optimization_id: str, wanted: dict[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (seen := self.children(optimization_id)) != wanted:
            assert time.monotonic() < deadline, seen
            time.sleep(0.2)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    server = installed_server()
    if os.geteuid() != 0 or shutil.which("ip") is None or server is None:
        missing("ip, redis-server, or the right to make networks")
        return
    networks, password = Networks(), secrets.token_hex(16)
    with ExitStack() as stack:
        networks.make(stack)
        supervisor = stack.enter_context(Supervisor(tmp_path / "logs"))
        port = free_port(networks.address)
        url = f"redis://:{password}@{networks.address}:{port}/0"
        supervisor.start(redis(server, tmp_path / "redis", networks.address, port, password, url))
        central = environment(tmp_path / "central", "central", url)
        supervisor.start(*service(central, ()))
        for host in HOSTS:
            (worker,) = (
                program
                for program in service(environment(tmp_path / host, host, url), [Resource.CPU])
                if program.name.startswith("worker")
            )
            inside = ("ip", "netns", "exec", networks.namespace(host), *worker.command)
            supervisor.start(replace(worker, name=f"worker-{host}", command=inside))
        key = Path(central["HRO_STATE_DIR"], "key").read_text()
        yield Fleet(local_address(configuration.load(central)), key, networks)


def redis(server: Path, folder: Path, address: str, port: int, password: str, url: str) -> Program:
    folder.mkdir()
    options = ("--bind", address, "--port", str(port), "--requirepass", password, "--appendonly", "yes", "--save", "")
    return Program(name="redis", command=(str(server), *options), folder=folder, is_ready=lambda _pid: answers(url))


def environment(state: Path, host: str, url: str) -> dict[str, str]:
    """Of a host; all share the signing key and the API's keys."""
    state.mkdir()
    key = add_key(state / "keys.json", list(Scope), SystemClock().now())
    (state / "key").write_text(key)
    return configuration.child_environment(
        {
            "HRO_HOST": host,
            "HRO_PORT": str(free_port()),
            "HRO_REDIS_URL": url,
            "HRO_STATE_DIR": str(state),
            "HRO_API_KEYS_FILE": str(state / "keys.json"),
            "HRO_SIGNING_KEY": "of this fleet",
        },
        inherit=False,
    )


def test_a_host_that_is_cut_off_keeps_its_part_until_it_is_back(fleet: Fleet) -> None:
    """Two results and one that waits, visibly; then the third."""
    fleet.networks.cut_off("west")
    body = {"dry_run": True, "host": list(HOSTS)}
    answer = requests.post(
        f"{fleet.address}/optimize/cpu", json=body, headers={"Authorization": f"Bearer {fleet.key}"}, timeout=10
    )
    assert answer.status_code == 202, answer.text
    taken = answer.json()["optimization_id"]
    fleet.until(taken, {"north": "completed", "south": "completed", "west": "queued"})
    assert fleet.get(f"/optimizations/{taken}")["status"] == "running"
    time.sleep(CUT_OFF_SECONDS)
    assert fleet.children(taken)["west"] == "queued"
    fleet.networks.connect("west")
    fleet.until(taken, dict.fromkeys(HOSTS, "completed"))
    record = fleet.get(f"/optimizations/{taken}")
    assert record["status"] == "completed"
    assert isinstance(record["result"], dict)
    assert set(HOSTS) <= record["result"].keys()
