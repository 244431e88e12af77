"""A worker that is killed whole, with a real keeper, on a real Redis."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from optimizer import bootstrap
from optimizer import settings as configuration
from optimizer.cli.stack.programs import service
from optimizer.cli.stack.redis import free_port
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.jobs import JobRecord, Status
from optimizer.kinds import Resource
from optimizer.store.connection import PATIENT, connect
from optimizer.store.jobs import JobStore
from tests.fakes.submitted import new_job
from tests.processes import eventually

#: The shortest there is, so that a test need not wait
_LEASE_SECONDS = "3"


@dataclass(frozen=True)
class Host:
    """A keeper that runs, and workers that a test starts."""

    environment: dict[str, str]
    logs: Path
    store: JobStore

    def worker(self, number: int) -> Supervisor:
        supervisor = Supervisor(self.logs / str(number), grace=0)
        (program,) = (each for each in service(self.environment, [Resource.HASHING]) if each.name == "worker-hashing")
        supervisor.start(program)
        return supervisor


@pytest.fixture
def host(redis_url: str, tmp_path: Path) -> Iterator[Host]:
    environment = configuration.child_environment(
        {
            "HRO_HOST": "here",
            "HRO_PORT": str(free_port()),
            "HRO_REDIS_URL": redis_url,
            "HRO_STATE_DIR": str(tmp_path / "state"),
            "HRO_SCAN_ROOTS": str(tmp_path),
            "HRO_LEASE_SECONDS": _LEASE_SECONDS,
        },
        inherit=False,
    )
    (tmp_path / "state").mkdir()
    connect(redis_url, PATIENT).flushdb()
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(*(each for each in service(environment, []) if each.name == "keeper"))
        yield Host(environment, tmp_path / "logs", bootstrap.api_parts(configuration.load(environment)).store)


def test_a_job_whose_worker_was_killed_whole_is_run_by_the_next_one(host: Host, tmp_path: Path) -> None:
    """Long before Celery would hand its message out again; it says that it was the second attempt."""
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, 1 << 40)
    job = new_job("hash_files", path=str(large))
    first = host.worker(1)
    try:
        host.store.submit(job)
        assert eventually(lambda: record(host, job.optimization_id).status is Status.RUNNING)
        kill_whole(first.pids()["worker-hashing"])
    finally:
        first.stop()
    os.truncate(large, 1)
    second = host.worker(2)
    try:
        assert eventually(lambda: record(host, job.optimization_id).status is Status.COMPLETED, 40)
    finally:
        second.stop()
    assert record(host, job.optimization_id).attempt == 2


def record(host: Host, optimization_id: str) -> JobRecord:
    return host.store.get(optimization_id)


def kill_whole(pid: int) -> None:
    """The worker and its processes, as a power cut would."""
    worker = psutil.Process(pid)
    for process in (worker, *worker.children(recursive=True)):
        process.send_signal(signal.SIGKILL)
