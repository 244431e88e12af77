"""The stack as it was brought up: what it answers, what it sends, and what its hardening did."""

import json
import re
import socket
import subprocess
from dataclasses import replace

import pytest
import requests

from optimizer.settings import child_environment
from tests.containers.conftest import ROOT, SERVICES, Stack, docker
from tests.containers.policy import broken_rules

#: What a service of somebody else's does: has a queue, and sees in it the events of a job, where one is named
LISTEN = """
import json, sys, time, kombu
with kombu.Connection(open("/secrets/listener/amqp-url").read()) as connection:
    exchange = kombu.Exchange("optimization_events", "topic", no_declare=True)
    queue = kombu.Queue("events.test", exchange, routing_key="optimization.#", durable=True)(connection.channel())
    queue.declare()
    seen, deadline = set(), time.monotonic() + 30
    while sys.argv[1:] and time.monotonic() < deadline and not {"job.completed", "celery.task-succeeded"} <= seen:
        message = queue.get(no_ack=True)
        if message is None:
            time.sleep(0.05)
        elif json.loads(message.body)["optimization_id"] == sys.argv[1]:
            seen.add(json.loads(message.body)["event_type"])
print(json.dumps(sorted(seen)))
"""
#: Fill Redis until it takes no more, in ever smaller pieces; with an argument, empty it again
FILL = """
import redis, sys
url = open("/secrets/store/redis-url").read()
if sys.argv[1:]:
    with redis.Redis.from_url(url) as client:
        client.unlink(*client.scan_iter("filler:*", count=1000))
for size in (1 << 20, 1 << 10, 1 << 4) if not sys.argv[1:] else ():
    with redis.Redis.from_url(url) as client:  # a new one: the buffers of the last are free again
        try:
            for number in range(100_000):
                client.set(f"filler:{size}:{number}", bytes(size))
        except redis.exceptions.OutOfMemoryError:
            print("full")
"""
#: What would empty, stop or configure Redis, and what would say more than a client needs to know
REFUSED = """
import redis
client = redis.Redis.from_url(open("/secrets/store/redis-url").read())
for command in ("FLUSHALL", "FLUSHDB", "SHUTDOWN", "KEYS *", "CONFIG GET *", "ACL LIST", "EVAL x 0"):
    try:
        print(command, client.execute_command(*command.split()))
    except redis.exceptions.NoPermissionError:
        print(command, "refused")
"""
#: Run inside every container
LOOK = """
exec 2>&1
grep -E '^(NoNewPrivs|Seccomp|CapEff):' /proc/self/status
echo "uid: $(id -u)"
touch /refused
cp /bin/true /tmp/true && ls -l /tmp/true | cut -c 1-10
/tmp/true; echo "exec from /tmp: exit $?"
rm -f /tmp/true
"""


def test_the_main_job_from_outside(stack: Stack) -> None:
    """Health, a dry run, a change and an analysis, with the key that init printed."""
    health = stack.call("GET", "/health").json()
    assert (health["status"] in ("healthy", "degraded"), health["dependencies"]) == (
        True,
        {"redis": "healthy", "rabbitmq": "healthy", "docker": "unavailable", "workers": "healthy"},
    )
    dry_run = stack.call("POST", "/optimize/memory", json={"dry_run": True})
    assert (dry_run.status_code, dry_run.json()["response_time_ms"] < 200) == (202, True)
    assert stack.call("POST", "/optimize/memory", json={}).status_code == 202
    usage = stack.call("GET", "/analyze/storage?path=/scan").json()
    assert (usage["status"], usage["total_files"]) == ("success", 2)
    duplicates = stack.call("GET", "/analyze/storage/duplicates?path=/scan").json()
    assert (duplicates["duplicate_groups"], duplicates["space_wasted_bytes"]) == (1, len("the same"))


def test_a_machine_without_a_name_is_asked_for_one(stack: Stack) -> None:
    """In words that say what to type."""
    said = replace(stack, environment=stack.environment | {"HRO_HOST": ""}).compose("config", check=False)
    assert "HRO_HOST is missing a value: what this machine is called, say: export HRO_HOST=$(hostname)" in said


def test_the_commands_of_the_readme_are_all_that_is_needed() -> None:
    """As far as Compose can tell without a start: with nothing set that they do not set."""
    (block,) = re.findall(r"```sh\n(export .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block.count(" up -d --build") == 1
    command = block.replace(" up -d --build", " config --format json")
    rendered = subprocess.check_output(
        ["sh", "-ec", command], cwd=ROOT, env=child_environment({}, inherit=False), text=True
    )
    assert json.loads(rendered)["services"]["api"]["environment"]["HRO_HOST"] == socket.gethostname()


def test_a_stranger_learns_nothing(stack: Stack) -> None:
    """From outside the container nobody is on loopback: without a key there is only health."""
    assert "system" not in stack.call("GET", "/health", with_key=False).json()
    assert stack.call("GET", "/optimizations", with_key=False).status_code == 401


def test_the_events_of_a_job_are_read_at_rabbitmq(stack: Stack, image: str) -> None:
    """From a container that may listen and nothing else; its queue outlives the container of RabbitMQ."""

    def listen(*job: str) -> set[str]:
        network, secret = f"{stack.project}_back", f"{stack.project}_secrets-listener:/secrets/listener:ro"
        words = ("run", "--rm", "--network", network, "--volume", secret, "--entrypoint", "python", image)
        return set(json.loads(docker(*words, "-c", LISTEN, *job).splitlines()[-1]))

    listen()
    stack.up("--force-recreate", "--no-deps", "rabbitmq")
    record = stack.done("/optimize/memory", {})
    seen = listen(record["optimization_id"])
    print(f"\nevents of one job: {', '.join(sorted(seen))}")
    assert {"job.queued", "job.started", "job.completed", "memory.optimized", "celery.task-succeeded"} <= seen


def test_nobody_is_at_rabbitmq_but_the_two(stack: Stack) -> None:
    """The one who publishes and the one who listens; no guest, no administrator, no plugin."""
    users = stack.inside("rabbitmq", "rabbitmqctl", "--quiet", "list_users").split("\n")[1:]
    assert sorted(filter(None, users)) == ["hro\t[]", "listener\t[]"]
    assert stack.inside("rabbitmq", "rabbitmq-plugins", "--quiet", "list", "--enabled", "--minimal").strip() == ""


def test_a_client_of_redis_can_do_its_work_and_no_harm(stack: Stack) -> None:
    """Whoever takes over a worker still cannot empty, stop or configure Redis."""
    shown = stack.inside("worker-memory", "python", "-c", REFUSED).splitlines()
    print("\n" + "\n".join(shown))
    assert len(shown) == 7
    assert all(line.endswith("refused") for line in shown)


def test_a_full_redis_refuses_jobs_and_keeps_running(stack: Stack) -> None:
    """It stays below the memory of its container: refusing is better than to be killed, at each start anew."""
    assert stack.inside("keeper", "python", "-c", FILL).split() == ["full"] * 3
    answers = (stack.call("POST", "/optimize/memory", json={"dry_run": True}) for _ in range(300))
    refused = next(answer for answer in answers if answer.status_code != 202)  # a few may still find room
    stack.inside("keeper", "python", "-c", FILL, "empty")
    assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
    assert stack.done("/optimize/memory", {"dry_run": True})["status"] == "completed"
    redis = stack.compose("ps", "--quiet", "redis").strip()
    state = "{{.RestartCount}} {{.State.OOMKilled}}"
    assert docker("inspect", "--format", state, redis).strip() == "0 false"


def test_flower_needs_its_password_and_changes_nothing(stack: Stack) -> None:
    """401 without, 403 for a control call with it."""
    user, _, password = stack.inside("flower", "cat", "/secrets/flower/flower-auth").strip().partition(":")
    flower = "http://127.0.0.1:18555"
    assert requests.get(f"{flower}/api/tasks", timeout=10).status_code == 401
    assert requests.get(f"{flower}/api/tasks", auth=(user, password), timeout=10).status_code == 200
    control = f"{flower}/api/worker/shutdown/memory@tested"
    assert requests.post(control, auth=(user, password), timeout=10).status_code == 403


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_hardening_did(stack: Stack, service: str) -> None:
    """As a process inside sees it: no capability, no way to gain one, nothing to write to, nothing to run."""
    shown = stack.inside(service, "sh", "-c", LOOK, check=False)
    print(f"\n{service}:\n  " + shown.strip().replace("\n", "\n  "))
    assert re.search(r"^CapEff:\s*0+$", shown, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s*1$", shown, re.MULTILINE)
    assert re.search(r"^Seccomp:\s*2$", shown, re.MULTILINE)
    assert not re.search(r"^uid: 0$", shown, re.MULTILINE)
    assert "Read-only file system" in shown
    assert re.search(r"^-rwx", shown, re.MULTILINE)  # it was there, with every right to run it
    assert re.search(r"^exec from /tmp: exit 126$", shown, re.MULTILINE)


def test_what_the_engine_is_told_keeps_the_policy(stack: Stack) -> None:
    """The file as Compose renders it, defaults and all."""
    rendered = stack.compose("config", "--format", "json")
    assert broken_rules(json.loads(rendered)) == []


def test_no_secret_is_in_an_environment_or_a_command_line(stack: Stack) -> None:
    """They are in files, and in no other place that an engine shows."""
    shown = docker("inspect", *stack.compose("ps", "--all", "--quiet").split()) + stack.compose("top")
    for secret in (stack.key, stack.inside("api", "cat", "/secrets/store/redis-url").strip()):
        assert secret not in shown


def test_init_makes_the_secrets_once(stack: Stack) -> None:
    """Brought up again, the stack keeps its key."""
    said = stack.compose("run", "--rm", "init")
    assert "The secrets are there." in said
    assert stack.call("GET", "/optimizations").status_code == 200
