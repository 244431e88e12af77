"""What is taken, and from whom."""

import pytest
from flask.testing import FlaskClient
from structlog.contextvars import get_contextvars

from optimizer.host.clock import SystemClock
from optimizer.kinds import KINDS
from optimizer.runner import Report
from optimizer.store.attempts import Attempt
from optimizer.store.vitals import Vitals
from tests.fakes.submitted import new_job
from tests.integration.api.conftest import key
from tests.integration.conftest import Store

CHANGES = [kind for kind in KINDS.values() if kind.changes_host and not kind.acts_on_a_job]
PATHS = {"path": "/srv/data/x"}


def body_for(name: str, **more: object) -> dict[str, object]:
    return ({**PATHS} if "path" in KINDS[name].options.model_fields else {}) | more


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.name)
def test_a_dry_run_is_taken_from_anybody_on_this_machine(client: FlaskClient, kind: object) -> None:
    """202 with where to follow it."""
    answer = client.post(kind.path, json=body_for(kind.name, dry_run=True))  # type: ignore[attr-defined]  # parametrized
    assert answer.status_code == 202
    assert answer.json is not None
    assert answer.json["status"] == "initiated"
    assert answer.headers["Location"] == f"/optimizations/{answer.json['optimization_id']}"
    assert answer.json["response_time_ms"] >= 0
    assert client.get(answer.headers["Location"]).json["status"] == "queued"  # type: ignore[index]  # it has a body


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), (key("planner"), 403), (key("reader"), 403), (key("applier"), 202)]
)
def test_a_change_needs_a_key_with_the_scope_apply(
    client: FlaskClient, store: Store, kind: object, headers: dict[str, str], status: int
) -> None:
    """Without one nothing is taken."""
    answer = client.post(kind.path, json=body_for(kind.name), headers=headers)  # type: ignore[attr-defined]  # parametrized
    assert answer.status_code == status
    assert len([record for record in store.jobs.list() if not record.job.parent_id]) == (status == 202)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "http://localhost@example.org"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(client: FlaskClient, store: Store, headers: dict[str, str]) -> None:
    """Even with a key that its user has."""
    answer = client.post("/optimize/memory", json={}, headers=headers | key("applier"))
    assert (answer.status_code, len(store.jobs.list())) == (403, 0)


def test_a_page_of_ours_may_ask(client: FlaskClient) -> None:
    """The overview page of this very address."""
    answer = client.get("/health", headers={"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200


def test_a_foreign_host_name_is_refused(client: FlaskClient) -> None:
    """A name that somebody pointed at this address is not ours."""
    assert client.get("/health", headers={"Host": "attacker.example"}).status_code == 421


@pytest.mark.parametrize(
    ("path", "body", "status", "names"),
    [
        ("/optimize/memory?dry_run=true", {"dry_run": True}, 422, "dry_run"),
        ("/optimize/memory", {"dry_run": "yes"}, 422, "dry_run"),
        ("/optimize/memory", {"dry_run": True, "force": True}, 422, "force"),
        ("/optimize/memory", {"dry_run": True, "host": "a b"}, 422, "host"),
        ("/optimize/memory", {"dry_run": True, "host": ["a", "b"]}, 422, "host"),
        ("/optimize/memory", ["dry_run"], 422, "object"),
        ("/optimize/storage/duplicates", {"dry_run": True}, 422, "path"),
        ("/optimize/storage/duplicates", {"dry_run": True, "path": ""}, 422, "path"),
        ("/optimize/storage/duplicates", {"dry_run": True, "path": "/srv/other"}, 403, "HRO_ROOTS"),
        ("/optimize/storage/duplicates", {"dry_run": True, "path": "/srv/data/../../etc"}, 403, "HRO_ROOTS"),
        ("/optimize/storage/duplicates", {"dry_run": True, "path": "/srv/database"}, 403, "HRO_ROOTS"),
    ],
)
def test_what_cannot_be_taken_says_what_to_change(
    client: FlaskClient, store: Store, path: str, body: object, status: int, names: str
) -> None:
    """A problem that names the field or the setting; no job is made."""
    answer = client.post(path, json=body, headers=key("applier"))
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert names in answer.text
    assert store.jobs.list() == []


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("", "application/json", 400),
        ('{"dry_run": NaN}', "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        ('{"dry_run": true, "dry_run": false}', "application/json", 422),
        ("dry_run=true", "application/x-www-form-urlencoded", 415),
        ('{"dry_run": true}', "text/plain", 415),
        ("", None, 415),
        ('{"x": "' + "x" * (1 << 20) + '"}', "application/json", 413),
    ],
)
def test_a_body_is_json_and_nothing_else(client: FlaskClient, data: str, content_type: str | None, status: int) -> None:
    """Not a form, not nothing, not the same field twice, not a megabyte."""
    answer = client.post("/optimize/memory", data=data, content_type=content_type)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_hashing_is_for_callers_with_a_key(client: FlaskClient) -> None:
    """A digest tells what a file holds."""
    assert client.post("/hash", json={"path": "/srv"}).status_code == 401
    assert client.post("/hash", json={"path": "/srv"}, headers=key("planner")).status_code == 202
    assert client.post("/hash", json={"paths": ["/srv", "/etc"]}, headers=key("planner")).status_code == 403


def test_the_same_idempotency_key_gives_the_same_job(client: FlaskClient) -> None:
    """To the same caller; another caller's key of that name is another key."""
    named = key("applier") | {"Idempotency-Key": "k1"}
    ids = [client.post("/optimize/memory", json={}, headers=named).json["optimization_id"] for _ in range(2)]  # type: ignore[index]  # it has a body
    other = client.post("/optimize/memory", json={"dry_run": True}, headers=key("planner") | {"Idempotency-Key": "k1"})
    assert ids[0] == ids[1]
    assert other.json is not None
    assert other.json["optimization_id"] != ids[0]


def test_an_idempotency_key_for_another_request_is_refused(client: FlaskClient) -> None:
    """The first request is named, the second is not taken."""
    named = key("applier") | {"Idempotency-Key": "k1"}
    client.post("/optimize/memory", json={}, headers=named)
    answer = client.post("/optimize/memory", json={"dry_run": True}, headers=named)
    assert (answer.status_code, answer.json and answer.json["code"]) == (422, "idempotency_conflict")


def test_a_job_for_another_host_goes_to_its_queue(client: FlaskClient, store: Store) -> None:
    """Its own worker knows its own roots, so its path is not judged here."""
    Vitals(redis=store.redis, clock=SystemClock()).beat("storage@there", {"host": "there", "resource": "storage"})
    answer = client.get("/analyze/storage?path=/data&host=there", headers={"Prefer": "respond-async"})
    assert (answer.status_code, store.redis.llen("storage.there")) == (202, 1)


def test_a_host_that_nobody_has_heard_of_is_refused(client: FlaskClient, store: Store) -> None:
    """A misspelt name would be a queue that no worker ever reads; the error names those there are."""
    answer = client.post("/optimize/memory", json={"dry_run": True, "host": "heer"})
    assert (answer.status_code, "known are here" in answer.text, store.jobs.list()) == (422, True, [])


def test_a_redis_that_is_nearly_full_is_told_from_one_that_is_away(client: FlaskClient, store: Store) -> None:
    """503 with a time to try again; what was taken can still be looked at."""
    taken = client.post("/optimize/memory", json={"dry_run": True})
    store.redis.config_set("maxmemory", int(store.redis.info("memory")["used_memory"]))
    try:
        answer = client.post("/optimize/memory", json={"dry_run": True})
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert (answer.headers["Retry-After"], "maxmemory" in answer.text) == ("2", True)
        assert client.get(taken.headers["Location"]).status_code == 200
    finally:
        store.redis.config_set("maxmemory", 0)


@pytest.fixture
def there(store: Store) -> None:
    """Workers of another host have been heard of."""
    Vitals(redis=store.redis, clock=SystemClock()).beat("memory@there", {"host": "there", "resource": "memory"})


def test_a_list_of_hosts_is_a_job_on_each(client: FlaskClient, there: None, store: Store) -> None:
    """Under one id that shows them; a host that is named twice is one."""
    answer = client.post("/optimize/memory", json={"dry_run": True, "host": ["here", "there", "here"]})
    assert answer.status_code == 202
    shown = client.get(answer.headers["Location"]).json
    assert shown is not None
    assert (shown["host"], shown["status"], shown["resource"]) == (["here", "there"], "queued", "memory")
    assert [(child["host"], child["resource"], child["status"]) for child in shown["children"]] == [
        ("here", "memory", "queued"),
        ("there", "memory", "queued"),
    ]
    child = client.get(f"/optimizations/{shown['children'][0]['optimization_id']}").json
    assert (child and child["parent_id"], child and child["children"]) == (shown["optimization_id"], [])
    assert (store.redis.llen("memory.here"), store.redis.llen("memory.there")) == (1, 1)
    listed = client.get("/optimizations?host=there").json
    assert listed is not None
    assert {each["optimization_id"] for each in listed["optimizations"]} == {
        shown["optimization_id"],
        shown["children"][1]["optimization_id"],
    }


def test_hosts_of_a_query_stand_between_commas(client: FlaskClient, there: None, store: Store) -> None:
    """As query parameters are given once."""
    answer = client.get("/analyze/memory?host=here,there", headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    joined = client.get("/analyze/memory?host=here,there", headers={"Prefer": "respond-async"})
    assert joined.headers["Location"] == answer.headers["Location"]
    for child in store.jobs.get(answer.headers["Location"].rpartition("/")[2]).children:
        attempt = store.attempts.claim(child.job, "memory@x/1", 7)
        assert isinstance(attempt, Attempt)
        store.attempts.complete(attempt, Report(result={"of": child.job.host}), 1)
    answer = client.get("/analyze/memory?host=here,there")
    assert answer.json is not None
    assert (answer.status_code, answer.json["hosts"]) == (200, {"here": {"of": "here"}, "there": {"of": "there"}})


def test_what_a_job_of_several_did_is_undone_by_its_children(client: FlaskClient, there: None) -> None:
    """Each on its host; the answer says so."""
    answer = client.post("/optimize/memory", json={"dry_run": True, "host": ["here", "there"]})
    refused = client.post(answer.headers["Location"] + "/undo", json={}, headers=key("applier"))
    assert (refused.status_code, refused.json and refused.json["code"]) == (409, "job_has_children")


@pytest.mark.parametrize("verb", ["undo", "purge"])
def test_what_a_job_did_can_be_undone_once_it_has_ended(client: FlaskClient, store: Store, verb: str) -> None:
    """409 before that; then a job of its own, for the same host, that names its parent."""
    parent = new_job("optimize_temp", host="there")
    store.jobs.submit(parent)
    path = f"/optimizations/{parent.optimization_id}/{verb}"
    early = client.post(path, json={}, headers=key("applier"))
    assert (early.status_code, early.json and early.json["code"]) == (409, "job_not_ended")
    store.jobs.cancel(store.jobs.get(parent.optimization_id))
    taken = client.post(path, json={}, headers=key("applier")).json
    assert taken is not None
    job = store.jobs.get(taken["optimization_id"]).job
    assert (job.kind, job.host, job.parent_id) == (verb, "there", parent.optimization_id)
    assert client.post(path, json={"force": True}, headers=key("applier")).status_code == 422


def test_the_lines_of_a_request_name_its_job(client: FlaskClient) -> None:
    """Whether it submits the job or asks for it, so that the log tells who did what; the next request's do not."""
    answer = client.post("/optimize/memory", json={"dry_run": True}, headers={"X-Request-ID": "r-1"})
    assert answer.json is not None
    named = {"request_id": "r-1", "optimization_id": answer.json["optimization_id"]}
    assert get_contextvars() == named
    client.get("/health", headers={"X-Request-ID": "r-2"})
    assert get_contextvars() == {"request_id": "r-2"}
    client.get(answer.headers["Location"], headers={"X-Request-ID": "r-1"})
    assert get_contextvars() == named
