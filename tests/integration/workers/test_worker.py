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
from optimizer.kinds import Resource
from optimizer.store.connection import PATIENT, connect
from optimizer.store.jobs import JobStore
from optimizer.store.message import build_message
from tests.fakes.submitted import new_job
from tests.processes import all_gone, eventually, runs
from workers.app import broker_url


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


@pytest.mark.parametrize("body", ["[[], {}, {}, {}]", '[[], {"x": ' + 950 * "[" + 950 * "]" + "}, {}]"])
def test_a_message_that_no_process_could_be_handed_is_dropped(worker: Worker, redis_url: str, body: str) -> None:
    """The worker that took it would end, and so would each that takes it after that one."""
    redis, job = connect(redis_url, PATIENT), new_job("hash_files", path="/tmp/x")
    message = json.loads(build_message(job))
    message["body"], message["properties"]["body_encoding"] = body, "utf-8"
    message["headers"]["timelimit"] = 7
    redis.lpush(job.queue, json.dumps(message))
    assert eventually(lambda: "InvalidTaskError" in worker.log.read_text() and not redis.exists(job.queue, "unacked"))
    assert psutil.Process(worker.pid).is_running()


def test_a_worker_that_takes_nothing_ends_for_another_one_to_start(worker: Worker, redis_url: str) -> None:
    """It is up and heard of; but it does not read its queue any more, although a job waits there."""
    with Celery(broker=broker_url(redis_url)) as stock:
        stock.control.cancel_consumer("hashing.here", destination=["hashing@here"], reply=True)
    worker.store.submit(new_job("hash_files", path="/tmp/x"))
    assert eventually(lambda: not runs(worker.pid), 60)
    assert "worker_takes_nothing" in worker.log.read_text()
    assert connect(redis_url, PATIENT).llen("hashing.here") == 1
