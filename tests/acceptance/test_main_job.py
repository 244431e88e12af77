"""The main job, end to end: submit, run, poll, read."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.result import AsyncResult

from optimizer.kinds import KINDS
from tests.acceptance.conftest import Service
from workers.app import broker_url


def test_health_is_healthy_with_all_workers_there(running: Service) -> None:
    """The first line of the acceptance of old."""
    answer = running.call("GET", "/health")
    assert answer.status_code == 200
    assert answer.json()["status"] in ("healthy", "degraded")
    assert answer.json()["dependencies"]["workers"] == "healthy"


def test_a_dry_run_is_answered_at_once_and_completed_soon(running: Service) -> None:
    """The second line: 202 with an id and how long it took, then the plan under that id."""
    answer = running.call("POST", "/optimize/memory", json={"dry_run": True})
    assert (answer.status_code, answer.json()["status"]) == (202, "initiated")
    assert answer.json()["response_time_ms"] < 200
    record = running.until(answer.json()["optimization_id"], "completed")
    assert (record["result"]["verdict"], record["plan"]["actions"], record["reversible"]) == ("planned", 1, True)


def test_an_analysis_is_answered_with_its_result(running: Service) -> None:
    """The third line."""
    answer = running.call("GET", f"/analyze/storage?path={running.folder}")
    assert (answer.status_code, answer.json()["status"]) == (200, "success")
    assert answer.json()["path"] == str(running.folder)


def test_a_stock_celery_client_agrees(running: Service) -> None:
    """AsyncResult, with nothing of ours imported, says of the id what the record says."""
    client = Celery(broker=broker_url(running.redis_url), backend=broker_url(running.redis_url))
    done = running.submit("/optimize/memory", {}, scope="apply")
    record = running.until(done, "completed")
    result: AsyncResult[Any] = AsyncResult(done, app=client)
    assert (result.state, result.get(timeout=5)["verdict"]) == ("SUCCESS", record["result"]["verdict"])
    failed = running.submit("/hash", {"path": f"{running.folder}/there-is-nothing-of-this-name"}, scope="plan")
    assert running.until(failed, "failed")["error"]["code"] == "path_not_found"
    assert AsyncResult(failed, app=client).state == "FAILURE"
    client.close()


def test_memory_is_measured_not_claimed(running: Service) -> None:
    """The receipt has what was measured before and after, and a verdict that may be "no effect"."""
    result = running.until(running.submit("/optimize/memory", {}, scope="apply"), "completed")["result"]
    freed = result["before"]["rss_bytes"] - result["after"]["rss_bytes"]
    assert result["memory_freed_mb"] == pytest.approx(freed / 2**20, abs=0.01)
    assert result["verdict"] in ("improved", "no_effect", "made_worse")


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.resource and not kind.acts_on_a_job])
def test_each_kind_is_run_by_the_worker_of_its_resource(running: Service, name: str) -> None:
    """And by no other: each reads only its own queue."""
    kind = KINDS[name]
    said: dict[str, Any] = {"dry_run": True} if kind.changes_host else {}
    if "path" in kind.options.model_fields:
        said["path"] = str(running.folder)
    if kind.method == "POST":
        optimization_id = running.submit(kind.path, said, scope="plan")
    else:
        answer = running.call("GET", kind.path, params=said, headers={"Prefer": "respond-async"})
        optimization_id = answer.json()["optimization_id"]
    record = running.until(optimization_id, "completed", "failed")
    assert (record["status"], record["worker"]) == ("completed", f"{kind.resource}@acceptance")


def test_all_is_done_by_the_worker_of_each_resource(running: Service) -> None:
    """Under one id, with a child for each, and the result in the fields that older clients read."""
    record = running.until(running.submit("/optimize/all", {"dry_run": True}), "completed", "failed")
    assert (record["status"], record["error"]) == ("completed", None)
    children = {child["resource"]: running.job(child["optimization_id"]) for child in record["children"]}
    assert {name: child["worker"] for name, child in children.items()} == {
        name: f"{name}@acceptance" for name in ("memory", "cpu", "storage", "docker")
    }
    assert all(child["options"]["dry_run"] for child in children.values())
    assert set(record["result"]) >= {"duration_seconds", "total_actions", "actions_taken", "detailed_results", "before"}
    assert set(record["result"]["detailed_results"]) == {"memory", "cpu", "disk", "docker", "storage"}


@pytest.fixture(scope="session")
def million(running: Service) -> Iterator[Path]:
    """A million names in a thousand folders; few inodes, so that they are made in seconds."""
    folder = running.folder / "million"
    for number in range(1000):
        (folder / f"{number:03}").mkdir(parents=True)
        first = folder / f"{number:03}/0"
        first.touch()
        for name in range(1, 1000):
            os.link(first, f"{folder}/{number:03}/{name}")
    yield folder
    shutil.rmtree(folder)


def test_a_busy_resource_does_not_delay_another(running: Service, million: Path) -> None:
    """While storage scans a million names, memory answers."""
    scan = running.call("GET", f"/analyze/storage?path={million}", headers={"Prefer": "respond-async"}).json()
    running.until(scan["optimization_id"], "running")
    running.until(running.submit("/optimize/memory", {"dry_run": True}), "completed")
    assert running.job(scan["optimization_id"])["status"] == "running"
    running.call("DELETE", f"/optimizations/{scan['optimization_id']}")
    running.until(scan["optimization_id"], "cancelled")


def test_a_running_scan_is_cancelled_before_it_is_through(running: Service, million: Path) -> None:
    """It hears so with its next progress, and says how far it was."""
    scan = running.call("GET", f"/analyze/storage/duplicates?path={million}", headers={"Prefer": "respond-async"})
    optimization_id = scan.json()["optimization_id"]
    running.until(optimization_id, "running")
    answer = running.call("DELETE", f"/optimizations/{optimization_id}")
    assert answer.status_code in (200, 202)
    record = running.until(optimization_id, "cancelled")
    assert record["error"]["code"] == "cancelled"


def test_progress_is_seen_while_a_job_runs(running: Service, million: Path) -> None:
    """As server-sent events: how many files so far, and the end once."""
    scan = running.call("GET", f"/analyze/storage?path={million}", headers={"Prefer": "respond-async"}).json()
    with running.call("GET", f"/optimizations/{scan['optimization_id']}/events", stream=True) as stream:
        lines = [line for line in stream.iter_lines(decode_unicode=True) if line.startswith(("event", "data"))]
    records = [json.loads(line.removeprefix("data: ")) for line in lines[1::2]]
    counted = [record["progress"]["files"] for record in records if record["progress"]]
    assert counted == sorted(counted)
    assert len(set(counted)) > 1
    assert lines[::2].count("event: end") == 1
    assert records[-1]["result"]["total_files"] == 1_000_000


def test_a_file_that_was_edited_in_secret_is_hashed_again(running: Service) -> None:
    """Same size, modification time put back: the cache is not fooled."""
    path = running.folder / "edited"
    path.write_bytes(b"before")
    os.utime(path, ns=(10**18, 10**18))
    time.sleep(2.1)  # a file is cached once its last change is two seconds ago

    def digest() -> tuple[str, bool]:
        job = running.until(running.submit("/hash", {"path": str(path)}, scope="plan"), "completed")
        row = job["result"]["hashes"][str(path)]
        return row["digest"], row["cached"]

    assert digest() == (hashlib.sha256(b"before").hexdigest(), False)
    assert digest() == (hashlib.sha256(b"before").hexdigest(), True)
    path.write_bytes(b"after!")
    os.utime(path, ns=(10**18, 10**18))
    assert digest() == (hashlib.sha256(b"after!").hexdigest(), False)


def test_a_change_needs_a_key_of_scope_apply_from_no_other_site(running: Service) -> None:
    """401 without, 403 with too small a one, 403 from a foreign page."""
    assert running.call("POST", "/optimize/memory", json={}).status_code == 401
    assert running.call("POST", "/optimize/memory", json={}, scope="plan").status_code == 403
    foreign = {"Origin": "https://example.org"}
    assert running.call("POST", "/optimize/memory", json={}, scope="apply", headers=foreign).status_code == 403


def test_a_path_outside_is_refused_by_the_name_of_the_setting(running: Service) -> None:
    """Early by the API; a symbolic link out of a root is refused by the worker."""
    answer = running.call("GET", "/analyze/storage?path=/etc")
    assert (answer.status_code, "HRO_SCAN_ROOTS" in answer.json()["detail"]) == (403, True)
    (running.folder / "link").symlink_to("/etc")
    answer = running.call("GET", f"/analyze/storage?path={running.folder}/link")
    assert (answer.status_code, "HRO_SCAN_ROOTS" in answer.json()["detail"]) == (403, True)


def test_metrics_count_what_was_done(running: Service) -> None:
    """As Prometheus reads it, with the names that dashboards know."""
    running.until(running.submit("/optimize/storage", {}, scope="apply"), "completed")
    text = running.call("GET", "/metrics").text
    for name in (
        "hardware_optimizer_requests_total",
        "hardware_optimizer_duration_seconds_bucket",
        "hardware_optimizer_memory_freed_bytes",
        "hardware_optimizer_storage_analyzed_bytes",
        "hardware_optimizer_storage_freed_bytes",
    ):
        assert f"\n{name}" in text, name
