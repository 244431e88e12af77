"""Celery's result backend: the job's record. Celery's own result is written beside it, by the same script."""

import contextlib
import os
from typing import Any

from celery import states
from celery.backends.base import Backend

from optimizer.errors import CancelledError, FencedOutError, HroError, TimeLimitError, WorkerLostError
from optimizer.kinds import KINDS
from workers.parts import job_of_message, owner_name, worker_parts

TASK_NAMES = frozenset(kind.task_name for kind in KINDS.values())


class RecordBackend(Backend):
    """Stores nothing of its own.

    A job's process has written how the job ended before Celery hears of it. What is left to store is what only the
    parent process knows of: a time limit that had to kill, a process that died, a task revoked through Celery.
    """

    supports_autoexpire = True  # records clear themselves away, beat need not

    def store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: Any = None,  # noqa: ARG002 - Celery passes it by this name
        request: Any = None,
        **_: Any,
    ) -> Any:
        if state in (states.FAILURE, states.REVOKED) and getattr(request, "task", None) in TASK_NAMES:
            owner = owner_name(request.hostname, os.getpid())
            # Where it is not this worker's any more, how it ends is for another attempt to say
            with contextlib.suppress(FencedOutError):
                worker_parts().attempts.give_up(job_of_message(task_id, request.task), owner, _error(result, state))
        return result

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:  # noqa: ARG002 - Celery passes it by this name
        """Celery asks this of a task whose process died. "Pending" lets its message go back."""
        return {"status": states.PENDING, "result": None}


def _error(result: Any, state: str) -> HroError:
    if state == states.REVOKED:
        return CancelledError("The task was revoked through Celery.")
    if type(result).__name__ == "TimeLimitExceeded":
        return TimeLimitError()
    return WorkerLostError(f"{WorkerLostError.__doc__} ({result})")
