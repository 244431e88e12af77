"""One Celery task for each kind of job, named optimizer.<kind>."""

from typing import Any

from celery import Celery

from optimizer.kinds import KINDS
from workers.base import JobTask


def run_job(task: JobTask, /, **_options: Any) -> dict[str, Any]:
    """The body of every task. What to do stands in the job's record; the message's arguments are for readers."""
    return task.run_recorded(str(task.request.id))


def register_tasks(app: Celery) -> None:
    for kind in (kind for kind in KINDS.values() if kind.resource):
        app.task(name=kind.task_name, base=JobTask, bind=True)(run_job)
