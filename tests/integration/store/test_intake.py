"""Tasks that other services enqueue with Celery alone, on a real Redis."""

import json
from typing import cast

import pytest
from celery import Celery
from structlog.testing import capture_logs

from optimizer.jobs import Status
from optimizer.kinds import Scope
from optimizer.store.foreign import ForeignTask
from optimizer.store.intake import Intake
from optimizer.store.keys import SET_ASIDE
from optimizer.store.message import build_message
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store
from workers.app import broker_url


@pytest.fixture
def intake(store: Store) -> Intake:
    return Intake(
        redis=store.redis,
        scripts=store.attempts.scripts,
        lifetimes=store.attempts.lifetimes,
        clock=store.clock,
        default_host="here",
        allowed=(Scope.READ, Scope.PLAN),
    )


@pytest.fixture
def other_service(redis_url: str) -> Celery:
    """A stock client, as another service has it."""
    return Celery(broker=broker_url(redis_url), backend=broker_url(redis_url))


def test_a_task_is_taken_in_with_record_message_and_event(store: Store, intake: Intake, other_service: Celery) -> None:
    """Under its own id, on the queue of its resource and host."""
    sent = other_service.send_task("optimizer.analyze_storage", kwargs={"path": "/srv"}, queue="storage")
    assert intake.take_in(10) == 1
    record = store.jobs.get(sent.id)
    assert (record.status, record.job.options, store.redis.llen("storage.here")) == (Status.QUEUED, {"path": "/srv"}, 1)
    assert (store.redis.exists("storage"), store.event_types()) == (0, ["job.queued"])


def test_a_task_with_a_priority_is_found_too(intake: Intake, other_service: Celery) -> None:
    """Celery puts it on a list of its own."""
    for priority in (0, 3, 6, 9):
        other_service.send_task("optimizer.analyze_cpu", queue="cpu", priority=priority)
    assert intake.take_in(10) == 4


def test_an_unsigned_change_is_refused_with_a_record_and_an_event(
    store: Store, intake: Intake, other_service: Celery
) -> None:
    """Both say why; AsyncResult fails; no worker ever sees it."""
    sent = other_service.send_task("optimizer.optimize_memory", queue="memory")
    intake.take_in(10)
    record = store.jobs.get(sent.id)
    assert (record.status, record.error and record.error["code"]) == (Status.FAILED, "unsigned_job")
    assert store.event_types() == ["job.queued", "job.failed"]
    assert json.loads(store.events()[-1]["data"])["error"]["code"] == "unsigned_job"
    assert (sent.state, store.redis.exists("memory.here")) == ("FAILURE", 0)


def test_a_task_sent_twice_is_one_job(store: Store, intake: Intake, other_service: Celery) -> None:
    """A sender's own repetition."""
    for _ in range(2):
        other_service.send_task("optimizer.analyze_cpu", queue="cpu", task_id="one")
    assert intake.take_in(10) == 2
    assert (len(store.jobs.list()), store.redis.llen("cpu.here")) == (1, 1)


def test_what_names_no_job_is_set_aside_and_blocks_nothing(store: Store, intake: Intake, other_service: Celery) -> None:
    """An operator can look at it; what came behind it is taken in."""
    other_service.send_task("evil.task", queue="cpu")
    store.redis.lpush("cpu", "garbage")
    good = other_service.send_task("optimizer.analyze_cpu", queue="cpu")
    intake.take_in(10)
    assert (store.redis.llen(SET_ASIDE), store.redis.exists("cpu")) == (2, 0)
    assert store.jobs.get(good.id).status is Status.QUEUED


def test_what_is_not_utf_8_is_set_aside_as_it_was(store: Store, intake: Intake, other_service: Celery) -> None:
    """Byte for byte, whether all of it is none or one argument; what came behind it is taken in."""
    spoilt = [b"\xff\xfe", build_message(new_job(x="?")).encode().replace(b"analyze_cpu", b"analyze_\xc3")]
    for message in spoilt:
        store.redis.lpush("cpu", message)
    good = other_service.send_task("optimizer.analyze_cpu", queue="cpu")
    intake.take_in(10)
    kept = [str(text).encode("utf-8", "surrogateescape") for text in store.redis.lrange(SET_ASIDE, 0, -1)]
    assert (kept, store.redis.exists("cpu")) == (spoilt[::-1], 0)
    assert store.jobs.get(good.id).status is Status.QUEUED


def test_of_a_long_message_its_beginning_is_kept(store: Store, intake: Intake) -> None:
    """With how long it was: a thousand such must not fill Redis. One that is just short enough is kept whole."""
    for length in (16_384, 1_000_000):
        store.redis.lpush("cpu", length * "x")
    intake.take_in(10)
    long, short = cast("list[str]", store.redis.lrange(SET_ASIDE, 0, -1))
    assert long == 16_384 * "x" + " … (the first 16384 of 1000000 bytes)"
    assert short == 16_384 * "x"


def test_a_key_that_is_no_list_stops_no_other_queue(store: Store, intake: Intake, other_service: Celery) -> None:
    """It stays as it is, and that is said once, not at each look; the queue is read again once the key is gone."""
    store.redis.set("cpu", "somebody's")
    good = other_service.send_task("optimizer.analyze_memory", queue="memory")
    with capture_logs() as said:
        assert [intake.take_in(10) for _ in range(3)] == [1, 0, 0]
    assert [line["queue"] for line in said if line["event"] == "queue_spoilt"] == ["cpu"]
    assert (store.jobs.get(good.id).status, store.redis.get("cpu")) == (Status.QUEUED, "somebody's")
    store.redis.delete("cpu")
    other_service.send_task("optimizer.analyze_cpu", queue="cpu")
    assert intake.take_in(10) == 1


def test_a_list_of_what_was_set_aside_that_is_none_stops_nothing(store: Store, intake: Intake) -> None:
    """What stands there is kept under another name."""
    store.redis.set(SET_ASIDE, "somebody's")
    store.redis.lpush("cpu", "garbage")
    intake.take_in(10)
    assert (store.redis.llen(SET_ASIDE), store.redis.get(f"{SET_ASIDE}:spoilt")) == (1, "somebody's")


def test_a_task_for_a_queue_whose_key_is_no_list_waits(store: Store, intake: Intake, other_service: Celery) -> None:
    """It is taken in, other lists are read, and it gets its message once the key is gone."""
    store.redis.set("cpu.here", "somebody's")
    sent = other_service.send_task("optimizer.analyze_cpu", queue="cpu")
    other_service.send_task("optimizer.analyze_memory", queue="memory")
    intake.take_in(10)
    assert (store.jobs.get(sent.id).status, store.redis.llen("memory.here")) == (Status.QUEUED, 1)
    store.reconciler.reconcile()
    store.redis.delete("cpu.here")
    store.reconciler.reconcile()
    assert store.redis.llen("cpu.here") == 1


def test_a_task_that_reached_a_worker_without_a_record_is_taken_in(store: Store, intake: Intake) -> None:
    """It is not run as it is; it comes again, with a record."""
    intake.adopt(ForeignTask(task_id="one", task="optimizer.analyze_cpu", args=(), kwargs={}, eta=None))
    assert (store.jobs.get("one").status, store.redis.llen("cpu.here")) == (Status.QUEUED, 1)


def test_two_keepers_take_each_task_once(store: Store, intake: Intake, other_service: Celery) -> None:
    """Whoever comes second finds another message, or none."""
    ids = {other_service.send_task("optimizer.analyze_cpu", queue="cpu").id for _ in range(20)}
    while intake.take_in(3) + intake.take_in(2):
        pass
    assert {record.job.optimization_id for record in store.jobs.list()} == ids
    assert store.redis.llen("cpu.here") == 20
