"""What a storage worker does unasked: it finishes what a crash left, and purges what has waited for long enough."""

import threading
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from optimizer.errors import HroError
from optimizer.host.journal import Journal, State
from optimizer.host.journal_file import JournalError
from optimizer.jobs import Job
from optimizer.kinds import KINDS
from optimizer.paths import exact
from optimizer.ports import Clock
from optimizer.store.jobs import JobStore

#: How often it is looked for
_SECONDS = 3600
#: A job that still runs, or is tried again, finishes its own
_PATIENCE = timedelta(minutes=1)
#: States that only a job which was killed leaves behind
_BEGUN = (State.INTENDED, State.RESTORING, State.PURGING)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Upkeep:
    """Submits a purge to its own host's queue where there is something to do: a job as any other, to be seen as one."""

    host: str
    days: int  #: that files wait in quarantine
    store: JobStore
    journal: Journal
    roots: frozenset[bytes]  #: where changes are allowed; what waits elsewhere cannot be purged
    clock: Clock
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._run, name="upkeep", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        self._prepare()
        while not self._stop.is_set():
            try:
                self.submit_if_needed()
            except HroError as error:
                log.warning("upkeep_put_off", reason=error.message)
            self._stop.wait(_SECONDS)

    def _prepare(self) -> None:
        """The journal needs its space before the disk is full."""
        try:
            self.journal.file.prepare()
        except JournalError:
            log.exception("journal_not_prepared")

    def submit_if_needed(self) -> str | None:
        """The id of the job that was submitted, if one was. Raises JournalError, StoreUnavailableError."""
        now = self.clock.now()
        begun = (now - _PATIENCE).isoformat()
        over = (now - timedelta(days=self.days)).isoformat()
        if not any(self._has(state, begun) for state in _BEGUN) and not self._has(State.QUARANTINED, over):
            return None
        job = self.job()
        self.store.submit(job)
        log.info("upkeep_submitted", optimization_id=job.optimization_id)
        return job.optimization_id

    def _has(self, state: State, before: str) -> bool:
        entries = self.journal.in_state(state, before=before)
        return any(exact(entry.facts["target"]["root"]) in self.roots for entry in entries)

    def job(self) -> Job:
        return Job(
            optimization_id=str(uuid.uuid4()),
            kind=KINDS["purge"].name,
            host=self.host,
            options={"older_than_days": self.days},
            created_at=self.clock.now(),
        )
