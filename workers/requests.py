"""A message that this worker has received, as its parent process sees it."""

import os
from typing import Any

import structlog
from celery.exceptions import InvalidTaskError
from celery.worker.request import Request

from optimizer.errors import StoreUnavailableError
from optimizer.store.foreign import is_plain
from workers.parts import owner_name, worker_parts

log = structlog.get_logger(__name__)


class JobRequest(Request):
    def __init__(self, *args: Any, **more: Any) -> None:
        """Raises InvalidTaskError, with which Celery drops the message, where it would end each worker that took it."""
        super().__init__(*args, **more)
        if not is_plain(self.request_dict):  # it could not be handed to the process of the job
            raise InvalidTaskError("its arguments are no plain JSON, or nested too deeply")
        self.time_limits = (None, None)  # the settings say how long a job may run, not whoever sends it

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        """Also called where the child has died; then the message goes back, and must not meet the dead one's lease."""
        if self.worker_pid:
            try:
                worker_parts().attempts.lapse(self.id, owner_name(self.hostname, os.getpid()), int(self.worker_pid))
            except StoreUnavailableError:
                log.warning("lease_not_ended", optimization_id=self.id)  # it ends by itself
        return super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)
