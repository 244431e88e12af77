"""What every handler is given: a job, and a progress that listens."""

from dataclasses import dataclass, field
from typing import Any

from optimizer.errors import CancelledError
from optimizer.jobs import Job
from tests.fakes.clock import NOON


def job(kind: str, **options: Any) -> Job:
    return Job(optimization_id="0" * 32, kind=kind, host="host", options=options, created_at=NOON)


@dataclass
class Listening:
    """A progress that keeps what it is told, and cancels the job at report number `cancel_at`."""

    cancel_at: int | None = None
    reports: list[dict[str, int | str]] = field(default_factory=list)

    def report(self, **counts: int | str) -> None:
        self.reports.append(counts)
        if self.cancel_at is not None and len(self.reports) >= self.cancel_at:
            raise CancelledError
