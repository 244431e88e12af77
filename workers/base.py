"""The one task base class: claims the job, runs it, and writes how it ended. Tasks add nothing to it."""

import os
from typing import Any, NoReturn

import structlog
from celery import Task
from celery.exceptions import Ignore, SoftTimeLimitExceeded

from optimizer.errors import (
    CancelledError,
    FencedOutError,
    ForeignHostError,
    HroError,
    InternalError,
    TimeLimitError,
    UnsignedJobError,
)
from optimizer.events import AGENT
from optimizer.host.begun import BegunJobs
from optimizer.host.journal_file import JournalError
from optimizer.jobs import Job, Status
from optimizer.kinds import Resource, Scope
from optimizer.runner import Report, run
from optimizer.store.attempts import Attempt, Refusal
from optimizer.store.foreign import ForeignTask
from optimizer.store.signing import is_signed
from optimizer.values import JsonObject
from workers.parts import job_of_message, owner_name, worker_parts, worker_settings
from workers.progress import RecordProgress

log = structlog.get_logger(__name__)


class JobTask(Task):  # type: ignore[type-arg]  # it takes arguments in the stubs only
    """A task whose job stands in the store. What Celery is told afterwards is what the record says already."""

    throws = (HroError,)  # expected failures: logged by Celery in a line, without a trace
    ignore_result = False
    Request = "workers.requests:JobRequest"

    def run_recorded(self, optimization_id: str) -> dict[str, Any]:
        """Run the job that a message names, if its record gives the right to."""
        owner = owner_name(str(self.request.hostname), os.getppid())
        claim = worker_parts().attempts.claim(job_of_message(optimization_id, self.name), owner, os.getpid())
        if isinstance(claim, Refusal):
            self._refuse(claim, optimization_id)
        job = claim.job
        with structlog.contextvars.bound_contextvars(
            optimization_id=job.optimization_id, request_id=job.request_id, kind=job.kind, attempt=claim.number
        ):
            return self._attempt(claim)

    def _refuse(self, refusal: Refusal, optimization_id: str) -> NoReturn:
        log.info("message_refused", reason=refusal.value, optimization_id=optimization_id)
        if refusal is Refusal.FINAL:  # its worker may have died between the record of its end and this
            _forget_plan(job_of_message(optimization_id, self.name))
        # One of ours without a record is a repetition of a job whose record and tombstone have expired
        if refusal is Refusal.UNKNOWN and not str(self.request.origin).startswith(f"{AGENT}@"):
            worker_parts().intake.adopt(self._as_foreign())  # it comes again, with a record
        raise Ignore(refusal.value)

    def _as_foreign(self) -> ForeignTask:
        """The message at hand, which nobody submitted through the store."""
        request = self.request
        return ForeignTask(
            task_id=str(request.id),
            task=self.name,
            args=tuple(request.args or ()),
            kwargs=dict(request.kwargs or {}),
            eta=str(request.eta) if request.eta else None,
        )

    def _attempt(self, attempt: Attempt) -> dict[str, Any]:
        clock = worker_parts().clock
        started = clock.monotonic()
        outcome = self._outcome(attempt)
        seconds = clock.monotonic() - started
        try:
            if isinstance(outcome, Report):
                return self._completed(attempt, outcome, seconds)
            self._failed(attempt, outcome, seconds)
        except FencedOutError:
            log.warning("fenced_out")  # another attempt has the job; nothing of this one was written
            raise Ignore(FencedOutError.code) from None

    def _outcome(self, attempt: Attempt) -> Report | HroError:
        """Do the job; whatever goes wrong comes back as one of the product's errors."""
        parts = worker_parts()
        progress = RecordProgress(attempt=attempt, store=parts.attempts, clock=parts.clock)
        try:
            job = _accepted(attempt)
            return run(job, parts.handlers[job.kind], progress, parts.clock, fence=attempt.fence)
        except HroError as error:
            return error
        except SoftTimeLimitExceeded:
            return TimeLimitError()
        except Exception:  # the one place: a job must end, whatever a handler did not foresee
            log.exception("job_broke")
            return InternalError()

    def _completed(self, attempt: Attempt, report: Report, seconds: float) -> dict[str, Any]:
        worker_parts().attempts.complete(attempt, report, seconds, _quarantine_after(attempt.job))
        _forget_plan(attempt.job)
        log.info("job_completed", seconds=round(seconds, 3))
        return {"optimization_id": attempt.job.optimization_id, "status": Status.COMPLETED.value}

    def _failed(self, attempt: Attempt, error: HroError, seconds: float) -> NoReturn:
        worker_parts().attempts.fail(attempt, error, seconds, _quarantine_after(attempt.job))
        _forget_plan(attempt.job)
        log.info("job_not_completed", error=error.code, seconds=round(seconds, 3))
        if isinstance(error, CancelledError):
            self.send_event("task-revoked", terminated=False, signum=None, expired=False)
            raise Ignore(error.code)
        raise error


def _quarantine_after(job: Job) -> list[JsonObject] | None:
    """What waits in quarantine on this host, after a job that may have changed it."""
    if not _changes_files(job):
        return None
    try:
        return worker_parts().journal.quarantined()
    except JournalError:
        log.exception("journal_not_read")  # the job ends as it did; the next one tells
        return None


def _forget_plan(job: Job) -> None:
    """No further attempt will need it. Not before the record of its end: until then one may still come."""
    if not _changes_files(job):
        return
    try:
        BegunJobs(worker_parts().journal.file).end(job.optimization_id)
    except JournalError:
        log.exception("plan_not_forgotten")  # it takes some space, and harms nobody


def _changes_files(job: Job) -> bool:
    return job.resource is Resource.STORAGE and job.definition.changes_host and not job.dry_run


def _accepted(attempt: Attempt) -> Job:
    """The job, once it is clear that this worker may do it. Raises an HroError that says why not."""
    job, settings = attempt.job, worker_settings()
    if job.host != settings.host:
        raise ForeignHostError(host=job.host)
    job.parsed_options()
    signed = is_signed(job, attempt.signature, worker_parts().signing_key)
    if not signed and job.scope is Scope.APPLY and Scope.APPLY not in settings.queue_scopes:
        raise UnsignedJobError
    return job
