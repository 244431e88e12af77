"""What a worker does with a job: claim, tell progress, renew, finish. Each step counts only while it is its own."""

import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from optimizer.errors import FencedOutError, HroError, PoisonJobError, StoreUnavailableError
from optimizer.jobs import Job
from optimizer.ports import Clock
from optimizer.runner import Report
from optimizer.store import endings
from optimizer.store.connection import Scripts
from optimizer.store.records import from_fields
from optimizer.values import JsonObject

#: A job whose attempts all died with their worker is given up after so many
MOST_ATTEMPTS = 5
#: How long an attempt counts as alive after its worker was last heard of. Long enough for a paused machine,
#: short enough for a killed worker's job to go on soon; the parent process renews it three times in that time.
LEASE_SECONDS = 15.0
#: How long a worker that is done waits for Redis to come back, so that a result is not lost to a restart
FINISH_PATIENCE_SECONDS = 120


#: A host's quarantine, a row for each job that has something in it
Quarantine = Sequence[JsonObject] | None


class Refusal(StrEnum):
    """Why a message gives no right to run its job."""

    FINAL = "final"  #: it has ended: a late or repeated message
    BUSY = "busy"  #: another attempt is alive
    UNKNOWN = "unknown"  #: no record: nobody submitted it through the store
    POISON = "poison"  #: too many attempts; it has just been failed


class Lease(StrEnum):
    """What has become of the right to run a job."""

    RENEWED = "renewed"
    ENDED = "ended"  #: the job has ended, by the hand of this very process
    LOST = "lost"  #: it is not this process's, or no longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The right to run a job, until it is finished or somebody else is given it."""

    job: Job
    number: int
    fence: int  #: grows with every attempt, for whoever must refuse an older one
    nonce: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStore:
    scripts: Scripts
    lifetimes: endings.Lifetimes
    clock: Clock
    lease_seconds: float = LEASE_SECONDS
    wait: Callable[[float], None] = time.sleep  #: seconds between two tries to reach Redis

    def claim(self, job: Job, owner: str, process: int) -> Attempt | Refusal:
        """Ask for the right to run a job in a process of the worker `owner`.

        `job` need only have the id, kind and host that the message names.
        """
        nonce = secrets.token_hex(8)
        poison = endings.failed(job, PoisonJobError(), 0, self.clock.now(), self.lifetimes)
        limits = (round(self.lease_seconds * 1000), MOST_ATTEMPTS, poison)
        answer = self._call("claim", job.optimization_id, owner, nonce, *limits, process)
        if answer[0] != "claimed":
            return Refusal(answer[0])
        fields = dict(zip(answer[2][::2], answer[2][1::2], strict=True))
        record = from_fields(fields)
        return Attempt(
            job=record.job,
            number=record.attempt,
            fence=int(answer[1]),
            nonce=nonce,
            signature=fields["signature"],
        )

    def progress(self, attempt: Attempt, counts: JsonObject) -> bool:
        """Note how far the attempt is; True where it shall stop. Raises FencedOutError where it is no longer ours."""
        told = json.dumps(dict(counts))
        answer = self.scripts.call("progress", attempt.job.optimization_id, attempt.nonce, told)
        if answer == "fenced":
            raise FencedOutError
        return bool(answer == "cancel")

    def renew(self, optimization_id: str, owner: str, process: int) -> Lease:
        """Keep the lease of a job that a process of `owner` runs."""
        return self._set_lease(optimization_id, owner, process, round(self.lease_seconds * 1000))

    def lapse(self, optimization_id: str, owner: str, process: int) -> Lease:
        """The process has died: end its lease, so that the next attempt need not wait."""
        return self._set_lease(optimization_id, owner, process, 0)

    def _set_lease(self, optimization_id: str, owner: str, process: int, milliseconds: int) -> Lease:
        return Lease(self.scripts.call("renew", optimization_id, owner, process, milliseconds))

    def complete(self, attempt: Attempt, report: Report, seconds: float, quarantine: Quarantine = None) -> None:
        """The job is done. Raises FencedOutError where another attempt has taken over; then nothing is written.

        `quarantine` is what waits on its host now, where the job may have changed that.
        """
        now = self.clock.now()
        ending = endings.completed(attempt.job, report, seconds, now, self.lifetimes)
        self._finish(attempt.job, "nonce", attempt.nonce, endings.with_quarantine(ending, quarantine, now))

    def fail(self, attempt: Attempt, error: HroError, seconds: float, quarantine: Quarantine = None) -> None:
        """The job could not be done, or was cancelled (CancelledError). Raises as `complete`."""
        now = self.clock.now()
        ending = endings.failed(attempt.job, error, seconds, now, self.lifetimes)
        self._finish(attempt.job, "nonce", attempt.nonce, endings.with_quarantine(ending, quarantine, now))

    def give_up(self, job: Job, owner: str, error: HroError) -> None:
        """For the worker's parent process, which knows no nonce: end the job that one of its children ran."""
        ending = endings.failed(job, error, 0, self.clock.now(), self.lifetimes)
        self._finish(job, "owner", owner, ending)

    def _finish(self, job: Job, proof: str, value: str, ending: str) -> None:
        answer = self._call("finish", job.optimization_id, proof, value, ending)
        if answer == "fenced":
            raise FencedOutError(optimization_id=job.optimization_id)

    def _call(self, name: str, *arguments: str | float) -> Any:
        """Call a script, and again until Redis is back; every script is safe to repeat."""
        deadline = self.clock.monotonic() + FINISH_PATIENCE_SECONDS
        while True:
            try:
                return self.scripts.call(name, *arguments)
            except StoreUnavailableError:
                if self.clock.monotonic() > deadline:
                    raise
                self.wait(0.5)
