"""What is answered about jobs."""

import json
import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from optimizer.errors import PathNotFoundError
from optimizer.plans import Action, Plan
from optimizer.runner import Report
from tests.fakes.submitted import new_job
from tests.integration.api.conftest import claimed, key, submitted
from tests.integration.conftest import Store


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
