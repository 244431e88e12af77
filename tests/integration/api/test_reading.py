"""What is answered about jobs and about the service."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from optimizer import bootstrap
from optimizer.errors import PathNotFoundError
from optimizer.host.clock import SystemClock
from optimizer.jobs import Job
from optimizer.kinds import KINDS
from optimizer.plans import Action, Plan
from optimizer.runner import Report
from optimizer.settings import load
from optimizer.store.attempts import Attempt
from optimizer.store.connection import IMPATIENT
from optimizer.store.vitals import Vitals
from tests.fakes.submitted import new_job
from tests.integration.api.conftest import key
from tests.integration.conftest import Store


def submitted(store: Store, kind: str = "analyze_cpu") -> Job:
    job = new_job(kind)
    store.jobs.submit(job)
    return job


def claimed(store: Store, job: Job) -> Attempt:
    attempt = store.attempts.claim(job, "owner", 7)
    assert isinstance(attempt, Attempt)
    return attempt


def test_a_job_is_answered_with_every_field(client: FlaskClient, store: Store) -> None:
    """From queued to completed under one id."""
    job = submitted(store)
    store.attempts.complete(claimed(store, job), Report(result={"cpu_percent": 3}), 1)
    answer = client.get(f"/optimizations/{job.optimization_id}").json
    assert answer is not None
    assert set(answer) >= {
        "optimization_id", "parent_id", "kind", "resource", "host", "status", "progress", "plan", "result", "error",
        "reversible", "created_at", "started_at", "finished_at", "timestamp",
    }  # fmt: skip
    assert (answer["status"], answer["result"]) == ("completed", {"cpu_percent": 3})


@pytest.mark.parametrize(("headers", "seen"), [({}, False), (key("reader"), True)])
def test_digests_are_for_callers_with_a_key(
    client: FlaskClient, store: Store, headers: dict[str, str], seen: bool
) -> None:
    """Wherever a result is read."""
    job = submitted(store, "hash_files")
    store.attempts.complete(claimed(store, job), Report(result={"hashes": {"/a": {"digest": "d1gest"}}}), 1)
    answer = client.get(f"/optimizations/{job.optimization_id}", headers=headers)
    assert ("d1gest" in answer.text) is seen


@pytest.mark.parametrize(
    ("path", "status"), [("/optimizations/0", 404), ("/nowhere", 404), ("/optimizations/0/plan", 404)]
)
def test_what_does_not_exist_is_a_problem(client: FlaskClient, path: str, status: int) -> None:
    """With a code, and the request's id to ask about."""
    answer = client.get(path, headers={"X-Request-ID": "r-1"})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json is not None
    assert answer.json["request_id"] == answer.headers["X-Request-ID"] == "r-1"


def test_an_expired_job_is_gone(client: FlaskClient, store: Store) -> None:
    """Not unknown: 410 says that it was there."""
    job = submitted(store)
    store.jobs.cancel(store.jobs.get(job.optimization_id))
    store.redis.delete(f"hro:job:{job.optimization_id}")
    assert client.get(f"/optimizations/{job.optimization_id}").status_code == 410


def test_a_wrong_method_says_which_is_right(client: FlaskClient) -> None:
    """405 with Allow."""
    answer = client.put("/health")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_every_route_refuses_a_query_parameter_that_it_does_not_know(client: FlaskClient, app: Flask) -> None:
    """Also those with a body, and those without any parameter."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        path = rule.rule.replace("<optimization_id>", "0")
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        answer = client.open(
            f"{path}?surprise=1", method=method, json={} if method == "POST" else None, headers=key("applier")
        )
        assert (answer.status_code, "surprise" in answer.text) == (422, True), path


def test_the_list_pages_and_filters(client: FlaskClient, store: Store) -> None:
    """Newest first, with the cursor of the next page."""
    ids = [submitted(store).optimization_id for _ in range(3)] + [submitted(store, "analyze_memory").optimization_id]
    first = client.get("/optimizations?limit=2").json
    assert first is not None
    second = client.get(f"/optimizations?limit=2&cursor={first['next_cursor']}").json
    assert second is not None
    found = [job["optimization_id"] for page in (first, second) for job in page["optimizations"]]
    assert sorted(found) == sorted(ids)
    filtered = client.get("/optimizations?kind=analyze_memory&status=queued").json
    assert filtered is not None
    assert [job["optimization_id"] for job in filtered["optimizations"]] == ids[3:]


def test_a_plan_is_read_page_by_page_under_its_digest(client: FlaskClient, store: Store) -> None:
    """The ETag is what applying it will ask for."""
    actions = tuple(Action(number=n, type="t", target={}, reversible=True, reason="r") for n in range(3))
    plan, job = Plan(actions=actions), submitted(store, "optimize_memory")
    store.attempts.complete(claimed(store, job), Report(result={}, plan=plan), 1)
    answer = client.get(f"/optimizations/{job.optimization_id}/plan?limit=2")
    assert answer.json is not None
    assert ([a["number"] for a in answer.json["actions"]], answer.json["next_cursor"]) == ([0, 1], 2)
    assert answer.get_etag() == (plan.digest, False)


@pytest.mark.parametrize(("named", "status"), [("", 428), ("*", 428), ('"other"', 412), ("W/{}", 412), ("{}", 202)])
def test_only_the_plan_that_was_looked_at_is_applied(
    client: FlaskClient, store: Store, named: str, status: int
) -> None:
    """It is named by its digest: `*` would be whatever plan it is."""
    plan = Plan(actions=(Action(number=0, type="t", target={}, reversible=True, reason="r"),))
    job = new_job("optimize_temp", dry_run=True)
    store.jobs.submit(job)
    store.attempts.complete(claimed(store, job), Report(result={}, plan=plan), 1)
    said = {"If-Match": named.format(f'"{plan.digest}"')} if named else {}
    answer = client.post(f"/optimizations/{job.optimization_id}/apply", json={}, headers=said | key("applier"))
    assert answer.status_code == status


@pytest.mark.parametrize("cursor", [-1, 1 << 63, 10**30])
def test_a_place_in_no_list_is_refused(client: FlaskClient, store: Store, cursor: int) -> None:
    """Before Redis is asked, which could not count so far."""
    job = submitted(store, "optimize_memory")
    for path in ("/history", f"/optimizations/{job.optimization_id}/plan"):
        assert client.get(f"{path}?cursor={cursor}").status_code == 422


def test_a_queued_job_is_cancelled_at_once(client: FlaskClient, store: Store) -> None:
    """And a second time it has ended."""
    job = submitted(store)
    first = client.delete(f"/optimizations/{job.optimization_id}")
    assert (first.status_code, first.json and first.json["status"]) == (200, "cancelled")
    assert client.delete(f"/optimizations/{job.optimization_id}").status_code == 409


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (key("planner"), 403), (key("applier"), 200)])
def test_a_job_is_cancelled_with_the_scope_that_started_it(
    client: FlaskClient, store: Store, headers: dict[str, str], status: int
) -> None:
    """Who may not start a change may not stop it."""
    job = submitted(store, "optimize_memory")
    assert client.delete(f"/optimizations/{job.optimization_id}", headers=headers).status_code == status


def test_an_analysis_answers_with_the_result_of_a_fresh_one(client: FlaskClient, store: Store) -> None:
    """200 at once, under the id of the job that found it."""
    waiting = client.get("/analyze/cpu", headers={"Prefer": "respond-async"}).json
    assert waiting is not None
    job = store.jobs.get(waiting["optimization_id"]).job
    store.attempts.complete(claimed(store, job), Report(result={"cpu_percent": 3}), 1)
    answer = client.get("/analyze/cpu")
    assert (answer.status_code, answer.json and answer.json["status"]) == (200, "success")
    assert answer.json is not None
    assert (answer.json["optimization_id"], answer.json["cpu_percent"]) == (job.optimization_id, 3)


def test_an_analysis_that_failed_is_a_problem_of_its_kind(client: FlaskClient, store: Store) -> None:
    """A path that does not exist on the host is 404, wherever it was found out."""
    pending = client.get("/analyze/storage?path=/srv/x", headers={"Prefer": "respond-async"}).json
    assert pending is not None
    attempt = claimed(store, store.jobs.get(pending["optimization_id"]).job)
    threading.Timer(0.2, store.attempts.fail, (attempt, PathNotFoundError(path="/srv/x"), 1)).start()
    answer = client.get("/analyze/storage?path=/srv/x")
    assert (answer.status_code, answer.json and answer.json["path"]) == (404, "/srv/x")


def test_a_stream_ends_with_the_job(client: FlaskClient, store: Store) -> None:
    """Its last event is the final record; a client that has it already is told nothing twice."""
    job = submitted(store)
    attempt = claimed(store, job)
    threading.Timer(0.5, store.attempts.complete, (attempt, Report(result={"n": 1}), 1)).start()
    events = [
        part.split("\n") for part in client.get(f"/optimizations/{job.optimization_id}/events").text.split("\n\n")
    ]
    names = [event[1] for event in events if len(event) == 3]
    assert names == ["event: progress", "event: end"]
    assert json.loads(events[1][2].removeprefix("data: "))["result"] == {"n": 1}
    version = events[1][0].removeprefix("id: ")
    again = client.get(f"/optimizations/{job.optimization_id}/events", headers={"Last-Event-ID": version})
    assert again.text == ""


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
