"""The stack as it was brought up: what it answers, what it sends, and what its hardening did."""

import json
import re

import pytest
import requests

from tests.containers.conftest import SERVICES, Stack, docker
from tests.containers.policy import broken_rules

#: Run inside the keeper: bind a queue, submit a job to the API by its name, print the events of that job
WATCH = """
import json, sys, time, urllib.request, kombu
key = sys.stdin.read().strip()
url = open("/secrets/amqp-url").read().strip()
with kombu.Connection(url) as connection:
    exchange = kombu.Exchange("optimization_events", "topic", durable=True)
    queue = kombu.Queue("", exchange, routing_key="optimization.#", exclusive=True)(connection.channel())
    queue.declare()
    request = urllib.request.Request("http://api:11110/optimize/memory", data=b"{}", method="POST",
        headers={"Content-Type": "application/json", "Authorization": "Bearer " + key})
    job = json.load(urllib.request.urlopen(request))["optimization_id"]
    seen, deadline = set(), time.monotonic() + 30
    while time.monotonic() < deadline and not {"memory.optimized", "celery.task-succeeded"} <= seen:
        message = queue.get(no_ack=True)
        if message is None:
            time.sleep(0.05)
        elif json.loads(message.body)["optimization_id"] == job:
            seen.add(json.loads(message.body)["event_type"])
print(json.dumps(sorted(seen)))
"""
#: The command of the service init
INIT = ("init", "--ours", "/secrets", "--redis", "/secrets-redis", "--rabbitmq", "/secrets-rabbitmq")
#: Run inside every container
LOOK = """
grep -E '^(NoNewPrivs|Seccomp|CapEff):' /proc/self/status
echo "uid: $(id -u)"
touch /refused 2>&1
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


def test_a_stranger_learns_nothing(stack: Stack) -> None:
    """From outside the container nobody is on loopback: without a key there is only health."""
    assert "system" not in stack.call("GET", "/health", with_key=False).json()
    assert stack.call("GET", "/optimizations", with_key=False).status_code == 401


def test_the_events_of_a_job_are_read_at_rabbitmq(stack: Stack) -> None:
    """From inside, over the names that the containers have for each other."""
    seen = json.loads(stack.inside("keeper", "python", "-c", WATCH, stdin=stack.key).splitlines()[-1])
    print(f"\nevents of one job: {', '.join(seen)}")
    assert {"job.queued", "job.started", "job.completed", "memory.optimized", "celery.task-succeeded"} <= set(seen)


def test_flower_needs_its_password_and_changes_nothing(stack: Stack) -> None:
    """401 without, 403 for a control call with it."""
    user, _, password = stack.inside("flower", "cat", "/secrets/flower-auth").strip().partition(":")
    flower = "http://127.0.0.1:18555"
    assert requests.get(f"{flower}/api/tasks", timeout=10).status_code == 401
    assert requests.get(f"{flower}/api/tasks", auth=(user, password), timeout=10).status_code == 200
    control = f"{flower}/api/worker/shutdown/memory@local"
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
    for secret in (stack.key, stack.inside("api", "cat", "/secrets/redis-url").strip()):
        assert secret not in shown


def test_init_makes_the_secrets_once(stack: Stack) -> None:
    """Brought up again, the stack keeps its key."""
    said = stack.compose("run", "--rm", "--no-deps", "init", *INIT)
    assert "there already" in said
    assert stack.call("GET", "/optimizations").status_code == 200
