"""The compose file keeps the policy, and each line of the original that is put back is caught."""

import copy
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from optimizer.kinds import Resource
from tests.containers.policy import broken_rules

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker"
FILES = ("compose.yaml", "compose.change.yaml")
Compose = dict[str, Any]


@pytest.fixture
def compose() -> Compose:
    parsed: Compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return parsed


@pytest.fixture
def overlay() -> Compose:
    parsed: Compose = yaml.safe_load((FOLDER / "compose.change.yaml").read_text())
    return parsed


def test_every_service_keeps_every_rule(compose: Compose) -> None:
    """As the file stands."""
    assert broken_rules(compose) == []


def test_every_process_is_there(compose: Compose) -> None:
    """A worker for each resource, and whatever else the service is made of."""
    assert set(compose["services"]) == {
        "init", "redis", "rabbitmq", "api", *(f"worker-{resource}" for resource in Resource), "keeper", "beat", "flower"
    }  # fmt: skip


def test_a_secret_is_handed_only_to_who_needs_it(compose: Compose) -> None:
    """And only init may write to it."""
    writers, readers = set(), defaultdict(set)
    for name, service in compose["services"].items():
        for volume in service["volumes"]:
            if volume["source"].startswith("secrets-"):
                readers[volume["source"]].add(name)
                if not volume.get("read_only"):
                    writers.add(name)
    workers = {f"worker-{resource}" for resource in Resource}
    assert writers == {"init"}
    assert {secret: names - writers for secret, names in readers.items()} == {
        "secrets-store": {"api", *workers, "keeper", "beat", "flower"},
        "secrets-signing": {"api", *workers, "beat"},
        "secrets-api": {"api"},
        "secrets-amqp": {"api", "keeper"},
        "secrets-listener": set(),
        "secrets-flower": {"flower"},
        "secrets-redis": {"redis"},
        "secrets-rabbitmq": {"rabbitmq"},
    }


def test_no_two_services_write_to_one_volume(compose: Compose) -> None:
    """One that may run under another uid would be shut out by what the first has made there."""
    writers = defaultdict(list)
    for name, service in compose["services"].items():
        for volume in service["volumes"] if name != "init" else ():
            if not volume.get("read_only"):
                writers[volume["source"]].append(name)
    assert writers == {
        "redis": ["redis"], "rabbitmq": ["rabbitmq"], "journal": ["worker-storage"], "digests": ["worker-hashing"],
        "schedule": ["beat"],
    }  # fmt: skip


def test_a_heart_is_the_container_s_own(compose: Compose) -> None:
    """In its /tmp, which is new with each start: neither another uid nor an earlier process has left a file there."""
    beating = [name for name, service in compose["services"].items() if "HEART" in str(service.get("healthcheck"))]
    assert beating == [*(f"worker-{resource}" for resource in Resource), "keeper", "beat"]
    for service in map(compose["services"].get, beating):
        assert service["environment"]["HRO_HEART_FILE"].startswith("/tmp/")
        assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])
        assert not any(volume["target"].startswith("/tmp") for volume in service["volumes"])


def test_the_state_folder_is_that_of_the_uid(compose: Compose, overlay: Compose) -> None:
    """In the base file as in the overlay: a journal is for its owner alone."""
    for services in (compose["services"], overlay["services"]):
        worker = services["worker-storage"]
        uid = re.sub(r":\?[^}]*", "", worker["user"]).partition(":")[0]
        assert worker["environment"]["HRO_STATE_DIR"] == f"/var/lib/hro/{uid}"


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md", *(f"docker/{file}" for file in FILES)])
def test_commands_for_compose_set_what_its_files_ask_for(page: str) -> None:
    """So that each works as it is written."""
    found = re.findall(r"^```[^`]*^```|(?:^# {5}[^\n]*\n)+", (ROOT / page).read_text(), re.MULTILINE)
    blocks = [block for block in found if "docker compose" in block]
    assert blocks
    for block in blocks:
        files = set(re.findall(r"-f docker/(\S+)", block))
        asked = {name for file in files for name in re.findall(r"\$\{(\w+):\?", (FOLDER / file).read_text())}
        assert asked
        assert asked <= set(re.findall(r"\b(\w+)=", block.partition("docker compose")[0])), block


def test_the_overlay_for_changes_gives_way_at_one_point(compose: Compose, overlay: Compose) -> None:
    """One folder that is named becomes writable, for the storage worker alone."""
    assert (list(overlay), list(overlay["services"])) == (["services"], ["api", "worker-storage"])
    assert overlay["services"]["api"] == {"environment": {"HRO_ROOTS": "/scan"}}
    added, worker = overlay["services"]["worker-storage"], compose["services"]["worker-storage"]
    kept = [volume for volume in worker["volumes"] if volume["target"] != "/scan"]
    worker |= {**added, "environment": worker["environment"] | added["environment"]}
    worker["volumes"] = kept + added["volumes"]
    assert broken_rules(compose) == ["worker-storage: what is bound in from the host is read-only"]


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
        ("/proc/sys/vm:/vm", add("volumes", "/proc/sys/vm:/vm"), "/proc/sys/vm of the host"),
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
        ("no init", drop("init"), "a dead parent"),
        ("no restart", drop("restart"), "what ends is started again"),
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


def test_a_service_without_a_health_check_is_caught(compose: Compose) -> None:
    """But for init, which ends."""
    for service in compose["services"].values():
        service.pop("healthcheck", None)
    assert [broken.partition(":")[0] for broken in broken_rules(compose)] == [*compose["services"]][1:]


def test_a_folder_of_the_host_in_the_guise_of_a_volume_is_caught(compose: Compose) -> None:
    """The local driver binds whatever its options name."""
    compose["volumes"]["state"] = {"driver_opts": {"type": "none", "o": "bind,noexec", "device": "/"}}
    assert broken_rules(compose) == ["state: a volume with options of a driver may be any folder of the host"]
