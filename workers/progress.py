"""The real Progress port: writes into the record, and hears there that the job was cancelled."""

from dataclasses import dataclass, field

import structlog

from optimizer.errors import CancelledError, StoreUnavailableError
from optimizer.ports import Clock
from optimizer.store.attempts import Attempt, AttemptStore

#: Seconds between two writes: a cancelled job stops well within a second, and Redis hardly notices
INTERVAL_SECONDS = 0.25

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class RecordProgress:
    attempt: Attempt
    store: AttemptStore
    clock: Clock
    _next: float = field(default=0.0, init=False)

    def report(self, **counts: int | str) -> None:
        now = self.clock.monotonic()
        if now < self._next:
            return
        self._next = now + INTERVAL_SECONDS
        try:
            cancelled = self.store.progress(self.attempt, counts)
        except StoreUnavailableError:
            log.warning("progress_not_written")  # the work goes on; finishing waits until Redis is back
            return
        if cancelled:
            raise CancelledError
