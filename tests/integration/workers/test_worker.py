"""A worker as a process, on a real Redis."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from celery import Celery

from optimizer import bootstrap
from optimizer import settings as configuration
from optimizer.cli.stack.programs import service
from optimizer.cli.stack.redis import free_port
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.jobs import Status
from optimizer.kinds import Resource
from optimizer.store.connection import PATIENT, connect
from optimizer.store.jobs import JobStore
from optimizer.store.keys import DELAYED, SET_ASIDE
from optimizer.store.message import build_message
from tests.fakes.submitted import new_job
from tests.processes import all_gone, eventually, runs
from workers.app import broker_url


def with_body(body: str) -> str:
    """Ours, but for its body."""
    message = json.loads(build_message(new_job("hash_files", path="/tmp/x")))
    message["body"], message["properties"]["body_encoding"] = body, "utf-8"
    return json.dumps(message)


def with_part(part: str, value: object) -> str:
    """Ours, but for one part of its head or its properties."""
    message = json.loads(build_message(new_job("hash_files", path="/tmp/x")))
    place, _, name = part.rpartition(".")
    (message[place] if place else message)[name] = value
    return json.dumps(message)


BODIES = ["5", "null", "", '"abc"', "[1]", "{}", "[5, 5, 5]", "[[], {}, {}, {}]", f"[[], {950 * '['}{950 * ']'}, {{}}]"]
ODD_PARTS = [
    *(with_part("body", body) for body in ("no base64", 5, None, [1])),
    *(with_part(part, value) for part in ("headers", "properties") for value in (None, 5, [1])),
    *(with_part(f"headers.{name}", [1]) for name in ("id", "task", "shadow", "replaced_task_nesting", "stamps")),
    *(with_part(f"properties.{name}", [1]) for name in ("delivery_tag", "delivery_info", "body_encoding")),
    *(with_part(part, [1]) for part in ("content-type", "content-encoding")),
]


@dataclass(frozen=True)
class Worker:
    pid: int
    log: Path
    store: JobStore


@pytest.fixture
def worker(redis_url: str, tmp_path: Path) -> Iterator[Worker]:
    """Of hashing, with the shortest lease that there is."""
    environment = configuration.child_environment(
        {
            "HRO_HOST": "here",
            "HRO_PORT": str(free_port()),
            "HRO_REDIS_URL": redis_url,
            "HRO_STATE_DIR": str(tmp_path),
            "HRO_LEASE_SECONDS": "3",
        },
        inherit=False,
    )
    connect(redis_url, PATIENT).flushdb()
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(*(each for each in service(environment, [Resource.HASHING]) if each.name == "worker-hashing"))
        yield Worker(
            supervisor.pids()["worker-hashing"],
            tmp_path / "logs" / "worker-hashing.log",
            bootstrap.api_parts(configuration.load(environment)).store,
        )


def test_work_that_can_wait_gives_way(worker: Worker) -> None:
    """The worker and the processes of its jobs."""
    parent = psutil.Process(worker.pid)
    for process in (parent, *parent.children(recursive=True)):
        assert (process.nice(), process.ionice().ioclass) == (10, psutil.IOPRIO_CLASS_IDLE)


def test_the_processes_of_a_worker_that_is_killed_die_with_it(worker: Worker) -> None:
    """Nobody renews their leases any more; what they did would be done twice."""
    children = [process.pid for process in psutil.Process(worker.pid).children(recursive=True)]
    assert children
    psutil.Process(worker.pid).kill()
    assert all_gone([worker.pid, *children])


def test_a_message_that_outlived_all_memory_of_its_job_is_dropped(worker: Worker, redis_url: str) -> None:
    """As after a month on the list of a host that was away: the job was cancelled, and is not made anew."""
    redis, job = connect(redis_url, PATIENT), new_job("hash_files", path="/tmp/x")
    psutil.Process(worker.pid).suspend()
    worker.store.submit(job)
    redis.delete(f"hro:job:{job.optimization_id}", f"hro:queued:{job.queue}")
    psutil.Process(worker.pid).resume()
    assert eventually(lambda: "message_refused" in worker.log.read_text() and not redis.exists(job.queue, "unacked"))
    assert not redis.exists(f"hro:job:{job.optimization_id}")


def test_messages_that_celery_cannot_read_are_set_aside(worker: Worker, redis_url: str) -> None:
    """The worker that took one would end, and so would each after it; here it takes what comes behind them."""
    redis, job = connect(redis_url, PATIENT), new_job("hash_files", path="/tmp/x")
    spoilt: list[bytes | str] = [b"\xff", "garbage", "5", "{}", *map(with_body, BODIES), *ODD_PARTS]
    redis.lpush(job.queue, *spoilt)
    worker.store.submit(job)
    assert eventually(lambda: worker.store.get(job.optimization_id).status is Status.FAILED)  # there is no such path
    assert eventually(lambda: not redis.exists(job.queue, "unacked"))
    assert (runs(worker.pid), redis.llen(SET_ASIDE)) == (True, len(spoilt))
    assert worker.log.read_text().count("message_set_aside") == len(spoilt)


def test_a_task_with_an_eta_on_a_workers_own_queue_waits_in_the_store(worker: Worker, redis_url: str) -> None:
    """Celery would keep it in memory, hand it out again each minute, and forget when it is due."""
    redis = connect(redis_url, PATIENT)
    with Celery(broker=broker_url(redis_url)) as stock:
        sent = stock.send_task(
            "optimizer.hash_files", kwargs={"path": "/tmp/x"}, queue="hashing.here", ignore_result=True, countdown=3600
        )
    assert eventually(lambda: redis.zscore(DELAYED, sent.id) is not None)
    assert not redis.exists("unacked")


def test_a_worker_that_takes_nothing_ends_for_another_one_to_start(worker: Worker, redis_url: str) -> None:
    """It is up and heard of; but it does not read its queue any more, although a job waits there."""
    with Celery(broker=broker_url(redis_url)) as stock:
        stock.control.cancel_consumer("hashing.here", destination=["hashing@here"], reply=True)
    worker.store.submit(new_job("hash_files", path="/tmp/x"))
    assert eventually(lambda: not runs(worker.pid), 60)
    assert "worker_takes_nothing" in worker.log.read_text()
    assert connect(redis_url, PATIENT).llen("hashing.here") == 1
