"""The compose file keeps the policy, and each line of the original that is put back is caught."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.containers.policy import broken_rules

FILE = Path(__file__).parents[2] / "docker/compose.yaml"
Compose = dict[str, Any]


@pytest.fixture
def compose() -> Compose:
    parsed: Compose = yaml.safe_load(FILE.read_text())
    return parsed


def test_every_service_keeps_every_rule(compose: Compose) -> None:
    """As the file stands."""
    assert broken_rules(compose) == []


def test_every_worker_is_there(compose: Compose) -> None:
    """And whatever else the service is made of; each says when it is healthy, or ends by itself."""
    services = compose["services"]
    assert set(services) == {
        "init", "redis", "rabbitmq", "api", "worker-memory", "worker-cpu", "worker-storage", "worker-hashing",
        "worker-docker", "keeper", "beat", "flower",
    }  # fmt: skip
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"init", "beat"}


def test_what_talks_to_nobody_outside_has_no_way_out(compose: Compose) -> None:
    """Only what publishes a port is on a network that leads anywhere."""
    assert compose["networks"]["back"] == {"internal": True}
    outside = {name for name, service in compose["services"].items() if "edge" in service.get("networks", [])}
    assert outside == {"api", "flower"}


def put(key: str, value: Any) -> Callable[[Compose], None]:
    return lambda service: service.update({key: value})


def add(key: str, value: Any) -> Callable[[Compose], None]:
    return lambda service: service.update({key: [*service.get(key, []), value]})


def drop(key: str) -> Callable[[Compose], None]:
    return lambda service: service.pop(key) and None


@pytest.mark.parametrize(
    ("line", "mutate", "rule"),
    [
        ("privileged: true", put("privileged", True), "nothing is privileged"),
        ("pid: host", put("pid", "host"), "no namespace of the host"),
        ("network_mode: host", put("network_mode", "host"), "no namespace of the host"),
        ("./data:/app/data:rw,noexec", add("volumes", "./data:/app/data:rw,noexec"), "volumes are written out"),
        ("./logs:/app/logs:rw,noexec", add("volumes", "./logs:/app/logs:rw,noexec"), "volumes are written out"),
        ("./configs:/app/configs:ro", add("volumes", "./configs:/app/configs:ro"), "volumes are written out"),
        ("/tmp:/app/tmp:rw,noexec,size=256m", add("volumes", "/tmp:/app/tmp:rw,noexec,size=256m"), "/tmp of the host"),
        ("/proc:/host/proc:ro", add("volumes", "/proc:/host/proc:ro"), "/proc of the host"),
        ("/sys:/host/sys:ro", add("volumes", "/sys:/host/sys:ro"), "/sys of the host"),
        ("/:/host:ro", add("volumes", "/:/host:ro"), "/ of the host"),
        (
            "/var/run/docker.sock:/var/run/docker.sock:ro",
            add("volumes", "/var/run/docker.sock:/var/run/docker.sock:ro"),
            "no engine's socket",
        ),
        ("seccomp=default", add("security_opt", "seccomp=default"), "seccomp profile stays"),
        ("seccomp=unconfined", add("security_opt", "seccomp=unconfined"), "seccomp profile stays"),
        ("apparmor=unconfined", add("security_opt", "apparmor=unconfined"), "AppArmor"),
        ("no security_opt", drop("security_opt"), "no new privileges"),
        ("cap_add: SYS_ADMIN", put("cap_add", ["SYS_ADMIN"]), "every capability is dropped"),
        ("no cap_drop", drop("cap_drop"), "every capability is dropped"),
        ("user: root", put("user", "root"), "nothing runs as root"),
        ("no user", drop("user"), "nothing runs as root"),
        ("no read_only", drop("read_only"), "root filesystem"),
        ("no tmpfs", drop("tmpfs"), "/tmp is a tmpfs"),
        ("tmpfs without a limit", put("tmpfs", ["/tmp:noexec,nosuid,nodev"]), "/tmp is a tmpfs"),
        ("11110:11110", put("ports", ["11110:11110"]), "ports are published"),
        ("0.0.0.0:11110:11110", put("ports", ["0.0.0.0:11110:11110"]), "ports are published"),
        ("REDIS_PASSWORD", put("environment", {"REDIS_PASSWORD": "x"}), "secrets come as files"),
        ("REDIS_URL", put("environment", ["X=redis://:pw@redis/0"]), "no address holds a password"),
        ("no memory limit", drop("mem_limit"), "memory is limited"),
        ("no process limit", drop("pids_limit"), "processes are limited"),
        ("logs without a limit", put("logging", {"driver": "json-file"}), "logs are limited"),
    ],
)  # fmt: skip
def test_a_line_of_the_original_that_is_put_back_is_caught(
    compose: Compose, line: str, mutate: Callable[[Compose], None], rule: str
) -> None:
    """By the rule that it breaks, in whichever service."""
    for name in compose["services"]:
        changed = copy.deepcopy(compose)
        mutate(changed["services"][name])
        assert any(f"{name}: " in broken and rule in broken for broken in broken_rules(changed)), (name, line)
