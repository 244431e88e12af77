"""Around the main job: events at RabbitMQ, tasks of other services, Flower."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from celery import Celery

from tests.acceptance.conftest import FLOWER_AUTH, Broker, Service
from tests.rabbit import Inbox, Received
from workers.app import broker_url

ENQUEUE = Path(__file__).parents[2] / "docs/examples/enqueue.py"


@pytest.fixture
def inbox(running: Service) -> Iterator[Inbox]:
    with Inbox(running.amqp_url) as bound:
        yield bound


def keys_of(received: list[Received], optimization_id: str) -> list[str]:
    """The routing keys of a job's events, each once: delivery is at least once, and the id tells a repetition."""
    mine = {each.message_id: each.routing_key for each in received if each.body["optimization_id"] == optimization_id}
    return sorted(key.removeprefix("optimization.") for key in mine.values())


#: Every event of a memory job that changed something
ALL = sorted(
    ["job.queued", "job.started", "job.completed", "memory.optimized", "celery.task-received", "celery.task-started",
     "celery.task-succeeded"]
)  # fmt: skip


def test_every_event_of_a_job_arrives(running: Service, inbox: Inbox) -> None:
    """The product's own, and Celery's."""
    optimization_id = running.submit("/optimize/memory", {}, scope="apply")
    received = inbox.until(lambda taken: keys_of(taken, optimization_id) == ALL)
    (optimized,) = [each.body for each in received if each.body["event_type"] == "memory.optimized"]
    assert {"freed_mb", "duration_ms"} <= set(optimized["data"])
    assert (optimized["agent"], optimized["host"]) == ("hardware-resource-optimizer", "acceptance")


def test_no_event_is_missing_after_an_outage_of_rabbitmq(running: Service, inbox: Inbox, broker: Broker) -> None:
    """Down for half a minute while jobs run, over HTTP and from another service: they do not notice."""
    running.provoked.append("rabbitmq_unavailable")
    broker.stop()
    started = time.monotonic()
    running_ids = [running.submit("/optimize/memory", {"dry_run": True}) for _ in range(3)]
    running_ids += [enqueue(running, "memory", "optimizer.optimize_memory", "dry_run=true") for _ in range(2)]
    for optimization_id in running_ids:
        running.until(optimization_id, "completed")
    assert running.call("GET", "/health").json()["status"] in ("healthy", "degraded")
    time.sleep(max(0.0, 30 - (time.monotonic() - started)))
    assert running.call("GET", "/health").json()["dependencies"]["rabbitmq"] == "unhealthy"
    broker.start()
    inbox.connect()
    dry_run = [key for key in ALL if key != "memory.optimized"]
    inbox.until(lambda taken: all(keys_of(taken, optimization_id) == dry_run for optimization_id in running_ids))


def enqueue(running: Service, queue: str, task: str, *options: str) -> str:
    """Run the example of the documentation as another service would; its job's id."""
    program = [sys.executable, "-P", str(ENQUEUE), broker_url(running.redis_url), queue, task, *options]
    done = subprocess.run(program, capture_output=True, text=True, check=True, cwd="/", env={})
    optimization_id: str = done.stdout.split()[0]
    return optimization_id


def test_a_task_of_another_service_is_a_job_like_any_other(running: Service, inbox: Inbox) -> None:
    """A record, events and polling; the example needs nothing of ours."""
    optimization_id = enqueue(running, "cpu", "optimizer.analyze_cpu")
    assert running.job(optimization_id)["status"] == "completed"
    inbox.until(
        lambda taken: {"job.queued", "job.completed", "celery.task-succeeded"} <= set(keys_of(taken, optimization_id))
    )


def test_an_id_that_was_just_enqueued_is_never_unknown(running: Service) -> None:
    """A GET that comes before the keeper takes the task in itself."""
    client = Celery(broker=broker_url(running.redis_url), backend=broker_url(running.redis_url))
    for _ in range(20):
        sent = client.send_task("optimizer.analyze_memory", queue="memory")
        assert running.call("GET", f"/optimizations/{sent.id}", scope="read").status_code == 200
    client.close()


def test_an_unsigned_change_from_another_service_is_refused_and_said(running: Service, inbox: Inbox) -> None:
    """With a record and an event that say why."""
    client = Celery(broker=broker_url(running.redis_url), backend=broker_url(running.redis_url))
    sent = client.send_task("optimizer.optimize_memory", queue="memory")
    record = running.until(sent.id, "failed")
    assert (record["error"]["code"], "HRO_QUEUE_SCOPES" in record["error"]["message"]) == ("unsigned_job", True)
    received = inbox.until(lambda taken: "job.failed" in keys_of(taken, sent.id))
    (failed,) = [each.body for each in received if each.routing_key == "optimization.job.failed"]
    assert failed["data"]["error"]["code"] == "unsigned_job"
    client.close()


def test_a_task_put_on_a_workers_own_queue_is_not_run_as_it_is(running: Service) -> None:
    """It becomes a job first, within what unsigned jobs may do."""
    client = Celery(broker=broker_url(running.redis_url), backend=broker_url(running.redis_url))
    looks = client.send_task("optimizer.analyze_cpu", queue="cpu.acceptance")
    changes = client.send_task("optimizer.optimize_memory", queue="memory.acceptance")
    assert looks.get(timeout=30)
    assert running.until(looks.id, "completed")
    with pytest.raises(Exception, match="HRO_QUEUE_SCOPES"):
        changes.get(timeout=30)
    assert running.until(changes.id, "failed")["error"]["code"] == "unsigned_job"
    client.close()


def test_flower_needs_its_password_and_changes_nothing(running: Service) -> None:
    """401 without, 403 for a control call with it, and the job in its list."""
    optimization_id = running.submit("/optimize/memory", {"dry_run": True})
    running.until(optimization_id, "completed")
    user, _, password = FLOWER_AUTH.partition(":")
    assert requests.get(f"{running.flower}/api/tasks", timeout=10).status_code == 401
    assert requests.get(f"{running.flower}/api/tasks", auth=(user, "wrong"), timeout=10).status_code == 401
    listed = requests.get(f"{running.flower}/api/tasks", auth=(user, password), timeout=10)
    assert optimization_id in listed.json()
    control = f"{running.flower}/api/worker/shutdown/memory@acceptance"
    assert requests.post(control, auth=(user, password), timeout=10).status_code == 403


def test_celerys_events_are_counted_by_the_names_that_dashboards_know(running: Service) -> None:
    """As celery-exporter has them."""
    running.until(running.submit("/optimize/memory", {"dry_run": True}), "completed")
    series = 'name="optimizer.optimize_memory",hostname="memory@acceptance",queue_name="memory.acceptance"'
    deadline = time.monotonic() + 20
    while f"celery_task_succeeded_total{{{labels(series)}}}" not in (text := running.call("GET", "/metrics").text):
        assert time.monotonic() < deadline, text
        time.sleep(0.1)
    assert 'celery_worker_up{hostname="memory@acceptance"} 1.0' in text
    assert "celery_task_runtime_bucket" in text


def labels(series: str) -> str:
    """As prometheus-client writes them: by name."""
    return ",".join(sorted(series.split(",")))


def test_schedules_are_shown(running: Service) -> None:
    """The hourly report over all scan roots, unless a file says otherwise."""
    (schedule,) = running.call("GET", "/schedules").json()["schedules"]
    assert (schedule["name"], schedule["kind"], schedule["cron"]) == ("hourly-report", "analyze_report", "0 * * * *")
