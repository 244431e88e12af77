"""What the API and beat do with jobs: submit, read, list, cancel."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import redis

from optimizer.errors import (
    CancelledError,
    DelayTooLongError,
    IdempotencyConflictError,
    JobExpiredError,
    JobNotCancellableError,
    JobNotFoundError,
    StoreFullError,
    StoreSpoiltError,
)
from optimizer.jobs import Job, JobRecord, Status
from optimizer.plans import Action, Plan
from optimizer.ports import Clock
from optimizer.store import endings, families, keys
from optimizer.store.connection import Scripts, reaching_redis
from optimizer.store.records import entry, from_fields, parent_entry
from optimizer.store.signing import sign
from optimizer.values import JsonObject

#: An analysis that ended less than so many milliseconds ago answers an identical request
FRESH_MS = 60_000


class Submission(StrEnum):
    NEW = "new"
    SAME = "same"  #: this very request came before
    JOINED = "joined"  #: an identical analysis is running, or has just ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """A client's own name for a request, and what the request was."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStore:
    redis: redis.Redis
    scripts: Scripts
    lifetimes: endings.Lifetimes
    clock: Clock
    signing_key: bytes | None = None

    def submit(
        self, job: Job, *, idempotency: Idempotency | None = None, join: str | None = None
    ) -> tuple[Submission, str]:
        """Take a job, with all that it is made of, and say by which id it is known.

        `join` is the fingerprint of an analysis that may be answered by an identical one. Safe to repeat with
        the same job. Raises DelayTooLongError, IdempotencyConflictError, StoreUnavailableError.
        """
        if job.is_due_too_late:
            raise DelayTooLongError
        outcome, taken = self.scripts.call(
            "submit",
            json.dumps(self._entries(job)),
            idempotency.key if idempotency else "",
            idempotency.fingerprint if idempotency else "",
            self.lifetimes.idempotency_seconds,
            join or "",
            FRESH_MS,
        )
        if outcome == "full":
            raise StoreFullError
        if outcome == "conflict":
            raise IdempotencyConflictError(optimization_id=taken)
        return Submission(outcome), taken

    def _entries(self, job: Job) -> list[JsonObject]:
        if not job.children:
            return [entry(job, self._signature(job))]
        parent = parent_entry(job, endings.of_parent(job, self.lifetimes))
        return [parent, *(entry(child, self._signature(child)) for child in job.children)]

    def _signature(self, job: Job) -> str:
        return sign(job, self.signing_key) if self.signing_key else ""

    def get(self, optimization_id: str) -> JobRecord:
        """The record with its result and its children. Raises JobNotFoundError, JobExpiredError, StoreUnavailableError.

        The result of a job that is made of others is made of theirs, once all have ended.
        """
        ((fields, result, ended),) = self._read([optimization_id])
        if not fields:
            raise (JobExpiredError if ended else JobNotFoundError)(optimization_id=optimization_id)
        record = from_fields(fields, result)
        if not record.job.children:
            return record
        found = self._read([child.optimization_id for child in record.job.children])
        return families.with_children(record, [from_fields(fields, result) for fields, result, _ in found if fields])

    def _read(self, ids: Sequence[str]) -> list[tuple[dict[str, str], str | None, int]]:
        """Fields, result and tombstone of each."""
        with reaching_redis():
            pipe = self.redis.pipeline(transaction=False)
            for optimization_id in ids:
                pipe.hgetall(keys.job(optimization_id))
                pipe.get(keys.result(optimization_id))
                pipe.exists(keys.tombstone(optimization_id))
            found = pipe.execute()
        return list(zip(found[::3], found[1::3], found[2::3], strict=True))

    def status(self, optimization_id: str) -> tuple[Status, int] | None:
        """Status and version alone, for those who wait; None where there is no such job."""
        with reaching_redis():
            status, version = self.redis.hmget(keys.job(optimization_id), ["status", "version"])
        return (Status(str(status)), int(version)) if status and version else None

    def list(self, *, after: str | None = None, limit: int = 50) -> list[JobRecord]:
        """Records without results, newest first; `after` is the id at which the page before ended.

        What has expired or was spoilt by somebody is left out, and the page filled up: fewer than `limit` are the end.
        Raises JobExpiredError where that id is no longer known.
        """
        with reaching_redis():
            rank = -1 if after is None else self.redis.zrevrank(keys.JOBS, after)
        if rank is None:
            raise JobExpiredError("The job at which the page before ended is no longer known; start again.")
        records: list[JobRecord] = []
        place = int(str(rank)) + 1
        while len(records) < limit and (found := self._from_place(place, limit - len(records))):
            records += [record for fields in found if fields and (record := _readable(fields))]
            place += len(found)
        return records

    def _from_place(self, place: int, count: int) -> Sequence[dict[str, str]]:
        """The fields of each record from a place of the index on, newest first; none of one that has expired."""
        with reaching_redis():
            ids = self.redis.zrevrange(keys.JOBS, place, place + count - 1)
            pipe = self.redis.pipeline(transaction=False)
            for optimization_id in ids:
                pipe.hgetall(keys.job(str(optimization_id)))
            return pipe.execute() if ids else []

    def plan(self, optimization_id: str, *, start: int, limit: int) -> Iterator[JsonObject]:
        """Actions `start` to `start + limit` of a plan."""
        with reaching_redis():
            items = cast("list[str]", self.redis.lrange(keys.plan(optimization_id), start, start + limit - 1))
        return (json.loads(item) for item in items)

    def whole_plan(self, optimization_id: str) -> Plan:
        """A job's plan, to be done as it was shown. Raises as `get`."""
        record = self.get(optimization_id)
        actions = self.plan(optimization_id, start=0, limit=(record.plan or {}).get("actions", 0))
        notes = (record.plan or {}).get("notes", ())
        return Plan(actions=tuple(map(Action.model_validate, actions)), notes=tuple(notes))

    def cancel(self, record: JobRecord) -> None:
        """Cancel, with all that it is made of: at once what no worker has begun; the rest is stopped within a second.

        Raises JobNotCancellableError where it has already ended.
        """
        error, now = CancelledError("The job was cancelled before it began."), self.clock.now()
        arguments = [
            part
            for job in record.job.children or [record.job]
            for part in (job.optimization_id, endings.failed(job, error, 0, now, self.lifetimes))
        ]
        if not self.scripts.call("cancel", *arguments):
            raise JobNotCancellableError(optimization_id=record.job.optimization_id)


def _readable(fields: dict[str, str]) -> JobRecord | None:
    try:
        return from_fields(fields)
    except StoreSpoiltError:
        return None
