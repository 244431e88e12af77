"""What only the command line meets, and the exit code of every error."""

from enum import IntEnum

from optimizer.errors import HroError


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3  #: done, and some entries could not be read or changed
    REFUSED = 4
    UNREACHABLE = 5


class UsageError(HroError):
    """The command was given something that it cannot use."""

    code = "usage"


class RefusedError(HroError):
    """That would harm what runs already."""

    code = "refused"


class ServiceUnreachableError(HroError):
    """The service does not answer; see whether it runs."""

    code = "service_unreachable"


class RequestFailedError(HroError):
    """The service refused a request, or the job it started failed."""

    code = "request_failed"


class ProgramMissingError(HroError):
    """A program that is needed is not on this machine."""

    code = "program_missing"


class ProgramEndedError(HroError):
    """A program of the stack ended, or never became ready."""

    code = "program_ended"


_EXITS = {
    "bad_settings": Exit.USAGE,
    "invalid_request": Exit.USAGE,
    "usage": Exit.USAGE,
    "path_not_found": Exit.USAGE,
    "path_forbidden": Exit.REFUSED,
    "refused": Exit.REFUSED,
    "root_busy": Exit.REFUSED,
    "quarantine_unsafe": Exit.REFUSED,
    "quarantine_unusable": Exit.REFUSED,
    "nothing_in_quarantine": Exit.REFUSED,
    "plan_applied": Exit.REFUSED,
    "plan_changed": Exit.REFUSED,
    "plan_expired": Exit.REFUSED,
    "job_not_found": Exit.USAGE,
    "store_unavailable": Exit.UNREACHABLE,
    "service_unreachable": Exit.UNREACHABLE,
}


def exit_code(error: HroError) -> Exit:
    return _EXITS.get(error.code, Exit.FAILED)
