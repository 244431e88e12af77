"""The real parts of this process. Celery forks its children, and a connection must not be shared across a fork."""

import os
from functools import cache

from optimizer import bootstrap, settings
from optimizer.bootstrap import WorkerParts
from optimizer.jobs import Job
from optimizer.kinds import KINDS
from optimizer.settings import Settings


@cache
def worker_settings() -> Settings:
    return settings.load()


@cache
def _parts_of(_pid: int) -> WorkerParts:
    return bootstrap.worker_parts(worker_settings())


def worker_parts() -> WorkerParts:
    return _parts_of(os.getpid())


def owner_name(hostname: str, parent_pid: int) -> str:
    """Who holds a claim: a worker's parent process, which renews it and hears first of a dead child."""
    return f"{hostname}/{parent_pid}"


def job_of_message(optimization_id: str, task_name: str) -> Job:
    """As much of a job as its message tells: enough to claim it, or to end it where its record cannot be read."""
    return Job(
        optimization_id=optimization_id,
        kind=KINDS[task_name.removeprefix("optimizer.")].name,
        host=worker_settings().host,
        created_at=worker_parts().clock.now(),
    )
