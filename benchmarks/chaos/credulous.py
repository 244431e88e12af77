"""A worker that believes each message, whatever the job's record says: for showing that the accounting notices.

`celery --app benchmarks.chaos.credulous worker`
"""

from dataclasses import dataclass, fields, replace

from benchmarks.chaos.worker import app
from optimizer import bootstrap
from optimizer.bootstrap import WorkerParts
from optimizer.jobs import Job
from optimizer.settings import Settings
from optimizer.store.attempts import Attempt, AttemptStore, Refusal
from optimizer.store.jobs import JobStore

__all__ = ["app"]

_real_parts = bootstrap.worker_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Credulous(AttemptStore):
    """Gives the right to run a job to whoever has a message for it."""

    jobs: JobStore

    def claim(self, job: Job, owner: str, process: int) -> Attempt | Refusal:
        claim = AttemptStore.claim(self, job, owner, process)
        if claim is not Refusal.FINAL:
            return claim
        record = self.jobs.get(job.optimization_id)
        return Attempt(job=record.job, number=record.attempt, fence=record.attempt, nonce="", signature="")


def _worker_parts(settings: Settings) -> WorkerParts:
    parts = _real_parts(settings)
    said = {each.name: getattr(parts.attempts, each.name) for each in fields(AttemptStore)}
    return replace(parts, attempts=Credulous(**said, jobs=parts.store))


vars(bootstrap).update(worker_parts=_worker_parts)
