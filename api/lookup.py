"""Finding a job by its id, wherever it is on its way."""

from structlog.contextvars import bind_contextvars

from api.routing import service
from optimizer.errors import JobNotFoundError
from optimizer.jobs import JobRecord

#: Messages of other services taken in from each public list before an id is called unknown
_LOOKED_THROUGH = 200


def find(optimization_id: str) -> JobRecord:
    """The record. A task that another service has just enqueued is taken in first, so that a 404 is true.

    Raises JobNotFoundError, JobExpiredError, StoreUnavailableError.
    """
    bind_contextvars(optimization_id=optimization_id)  # for the request's line in the log
    parts = service().parts
    try:
        return parts.store.get(optimization_id)
    except JobNotFoundError:
        parts.intake.take_in(_LOOKED_THROUGH)
        return parts.store.get(optimization_id)
