"""The one tree of errors. A class's docstring is its message; `code` is what clients and records see."""

from typing import Any, ClassVar


class HroError(Exception):
    """Something the product expects to go wrong, with a sentence that says what to change."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or (self.__doc__ or "").partition("\n")[0]
        self.details = details
        super().__init__(self.message)

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            **({"details": self.details} if self.details else {}),
        }


class SettingsError(HroError):
    """A setting is unknown or has a value that cannot be used."""

    code = "bad_settings"


class InvalidRequestError(HroError):
    """A field is missing, unknown or of the wrong type."""

    code = "invalid_request"


class PathForbiddenError(HroError):
    """The path is outside the folders that this service may read; see HRO_SCAN_ROOTS."""

    code = "path_forbidden"


class PathNotFoundError(HroError):
    """The path does not exist on this host."""

    code = "path_not_found"


class PathUnusableError(HroError):
    """The path exists and cannot be read as what it was given for."""

    code = "path_unusable"


class JobNotFoundError(HroError):
    """No job has this optimization_id."""

    code = "job_not_found"


class JobExpiredError(HroError):
    """The job ended and its record has been cleared away."""

    code = "job_expired"


class JobNotCancellableError(HroError):
    """The job has already ended."""

    code = "job_ended"


class ChildFailedError(HroError):
    """A job that this one is made of has failed; `children` names it."""

    code = "child_failed"


class JobHasChildrenError(HroError):
    """The job is made of others, which `children` names; act on each of them."""

    code = "job_has_children"


class IdempotencyConflictError(HroError):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_conflict"


class CancelledError(HroError):
    """The job was cancelled while it ran."""

    code = "cancelled"


class FencedOutError(HroError):
    """Another attempt at this job has taken over."""

    code = "fenced_out"


class TimeLimitError(HroError):
    """The job ran longer than its time limit allows."""

    code = "time_limit"


class PoisonJobError(HroError):
    """Every attempt at this job ended with the death of its worker."""

    code = "poison_job"


class WorkerLostError(HroError):
    """The worker process died while the job ran."""

    code = "worker_lost"


class StoreUnavailableError(HroError):
    """Redis cannot be reached, so no job can be taken or looked up; try again shortly."""

    code = "store_unavailable"


class StoreFullError(StoreUnavailableError):
    """Redis has nearly no memory left, so no new job is taken; those that were taken go on. See its maxmemory."""


class StoreSpoiltError(HroError):
    """A key in Redis holds what this service did not write; see who else writes to its database."""

    code = "store_spoilt"


class InternalError(HroError):
    """The job failed in a way that the product did not foresee; the worker's log has the trace."""

    code = "internal_error"


class UnsignedJobError(HroError):
    """A job that changes the host must be signed with HRO_SIGNING_KEY, unless HRO_QUEUE_SCOPES has apply."""

    code = "unsigned_job"


class DelayTooLongError(HroError):
    """A job may be due 30 days from now at most; send it later, or let a schedule start it (HRO_SCHEDULES)."""

    code = "delay_too_long"


class ForeignHostError(HroError):
    """The job is for another host."""

    code = "foreign_host"


class NothingInQuarantineError(HroError):
    """The job has nothing in quarantine on this host: nothing was moved, or it was brought back or deleted since."""

    code = "nothing_in_quarantine"


class JobNotEndedError(HroError):
    """The job is still waiting or running; what it did can be undone or purged when it has ended."""

    code = "job_not_ended"


class PlanNotNamedError(HroError):
    """Name the plan that was looked at: If-Match: "<digest>", as GET .../plan gives it in ETag."""

    code = "plan_not_named"


class PlanChangedError(HroError):
    """The plan is not the one that If-Match names."""

    code = "plan_changed"


class PlanExpiredError(HroError):
    """The plan is too old to be applied; make another dry run."""

    code = "plan_expired"


class PlanAppliedError(HroError):
    """The plan has been applied before, or is being applied."""

    code = "plan_applied"


class NothingToApplyError(HroError):
    """The job has no plan to apply: only the dry run of a storage kind that planned at least one action has one."""

    code = "nothing_to_apply"
