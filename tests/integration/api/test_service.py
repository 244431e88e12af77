"""What is answered about the service, and about all that was done."""

import socket
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from optimizer import bootstrap
from optimizer.errors import PathNotFoundError
from optimizer.host.clock import SystemClock
from optimizer.kinds import KINDS
from optimizer.runner import Report
from optimizer.settings import load
from optimizer.store.connection import IMPATIENT
from optimizer.store.vitals import Vitals
from tests.fakes.submitted import new_job
from tests.integration.api.conftest import claimed, submitted
from tests.integration.conftest import Store


def test_health_names_what_is_missing(client: FlaskClient) -> None:
    """Without workers the service is degraded, and still takes jobs."""
    answer = client.get("/health")
    assert answer.json is not None
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert set(answer.json) == {"status", "agent", "version", "timestamp", "system", "dependencies", "warnings"}
    assert answer.json["dependencies"]["redis"] == "healthy"
    beginnings = {" ".join(warning.split()[:2]) for warning in answer.json["warnings"]}
    assert {"No worker", "No keeper:", "No beat:"} <= beginnings  # there is a schedule unless a file says else


def test_a_stranger_learns_nothing_of_the_host(client: FlaskClient) -> None:
    """From another machine, without a key: health without `system`, and nothing else."""
    far = {"REMOTE_ADDR": "192.0.2.9"}
    assert "system" not in (client.get("/health", environ_base=far).json or {})
    assert client.get("/health/ready", environ_base=far).status_code == 200
    for path in ("/status", "/metrics", "/hosts", "/optimizations", "/analyze/memory"):
        assert client.get(path, environ_base=far).status_code == 401, path


def test_hosts_are_what_their_workers_say(client: FlaskClient, store: Store) -> None:
    """Each worker with its host."""
    Vitals(redis=store.redis, clock=SystemClock()).beat("cpu@here", {"host": "here", "resource": "cpu"})
    answer = client.get("/hosts").json
    assert answer is not None
    assert [(host["host"], host["workers"][0]["worker"]) for host in answer["hosts"]] == [("here", "cpu@here")]


def test_metrics_hold_requests_jobs_and_queues(client: FlaskClient, store: Store) -> None:
    """Counted where they happened, read where they stand."""
    waiting, done = submitted(store), submitted(store, "optimize_memory")
    store.attempts.complete(claimed(store, done), Report(result={}, gauges={"memory_freed_bytes": 4096}), 0.3)
    client.get(f"/optimizations/{waiting.optimization_id}")
    lines = client.get("/metrics").text.splitlines()
    for line in (
        'hardware_optimizer_requests_total{endpoint="/optimizations/<optimization_id>",status="200"} 1.0',
        'hardware_optimizer_jobs_total{kind="optimize_memory",status="completed"} 1.0',
        'hardware_optimizer_duration_seconds_bucket{le="0.25",operation="optimize_memory"} 0.0',
        'hardware_optimizer_duration_seconds_bucket{le="0.5",operation="optimize_memory"} 1.0',
        'hardware_optimizer_duration_seconds_sum{operation="optimize_memory"} 0.3',
        "hardware_optimizer_memory_freed_bytes 4096.0",
        "hardware_optimizer_memory_freed_bytes_total 4096.0",
        'hardware_optimizer_queue_depth{queue="cpu.here"} 1.0',
        "hardware_optimizer_outbox_length 4.0",
    ):
        assert line in lines, line


def test_the_openapi_document_has_every_kind(client: FlaskClient) -> None:
    """With its fields, and what it refuses."""
    document = client.get("/openapi.json").json
    assert document is not None
    for kind in KINDS.values():
        operation = document["paths"][kind.path.replace("<", "{").replace(">", "}")][kind.method.lower()]
        assert operation["summary"] == kind.summary
    body = document["components"]["schemas"]["OptimizeCompressRequest"]
    assert (set(body["properties"]), body["additionalProperties"]) == (
        set(KINDS["optimize_compress"].options.model_fields) | {"host"},
        False,
    )


@pytest.fixture(params=["refuses", "hangs"])
def lost_redis(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a Redis that is down, or that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        if request.param == "hangs":
            yield url
    if request.param == "refuses":
        yield url


def test_without_redis_the_answer_is_503_and_when_to_try_again(lost_redis: str) -> None:
    """For every request that needs the store, whether Redis is down or hangs."""
    settings = load({"HRO_REDIS_URL": lost_redis, "HRO_HOST": "here"})
    client = create_app(settings, bootstrap.api_parts(settings)).test_client()
    for answer in (
        client.post("/optimize/memory", json={"dry_run": True}),
        client.get("/analyze/cpu"),
        client.get("/optimizations/0"),
        client.get("/health/ready"),
    ):
        assert (answer.status_code, answer.json and answer.json["code"]) == (503, "store_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/health").status_code == 503
    assert "hardware_optimizer_store_up 0.0" in client.get("/metrics").text


def test_the_api_waits_for_redis_for_less_than_half_a_second() -> None:
    """Connecting and reading together, and nothing is repeated."""
    assert sum(IMPATIENT) < 0.5


def test_finished_changes_leave_their_rows(client: FlaskClient, store: Store) -> None:
    """What each did, newest first, and what its host has in quarantine; a dry run and an analysis leave none."""
    waiting = {"files": 2, "bytes": 8192, "since": "2026-01-01T00:00:00+00:00"}
    for number, dry_run in enumerate((False, True, False)):
        job = new_job("optimize_temp", dry_run=dry_run)
        store.jobs.submit(job)
        report = Report(result={"verdict": "improved"}, event={"files_quarantined": number})
        row = {"optimization_id": job.optimization_id, **waiting}
        store.attempts.complete(claimed(store, job), report, 1, None if dry_run else [row])
    failed = submitted(store, "undo")
    store.attempts.fail(claimed(store, failed), PathNotFoundError(), 1)
    store.attempts.complete(claimed(store, submitted(store)), Report(result={}), 1)
    first = client.get("/history?limit=2").json
    assert first is not None
    assert [(row["kind"], row["status"], row.get("files_quarantined")) for row in first["history"]] == [
        ("undo", "failed", None),
        ("optimize_temp", "completed", 2),
    ]
    rest = client.get(f"/history?cursor={first['next_cursor']}").json
    assert rest is not None
    assert ([row["files_quarantined"] for row in rest["history"]], rest["next_cursor"]) == ([0], None)
    shown = client.get("/quarantine").json
    assert shown is not None
    assert (shown["files"], shown["bytes"], shown["quarantine"][0]["host"]) == (2, 8192, "here")
    assert client.get("/quarantine?nothing=1").status_code == 422
