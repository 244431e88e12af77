"""What the API and beat do with jobs: submit, read, list, cancel."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import redis

from optimizer.errors import (
    CancelledError,
    IdempotencyConflictError,
    JobExpiredError,
    JobNotCancellableError,
    JobNotFoundError,
)
from optimizer.jobs import Job, JobRecord, Status
from optimizer.plans import Action, Plan
from optimizer.ports import Clock
from optimizer.store import endings, keys
from optimizer.store.connection import Scripts, reaching_redis
from optimizer.store.records import entry_json, from_fields
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
        """Take a job, and say by which id it is known.

        `join` is the fingerprint of an analysis that may be answered by an identical one. Safe to repeat with
        the same job. Raises IdempotencyConflictError, StoreUnavailableError.
        """
        signature = sign(job, self.signing_key) if self.signing_key else ""
        outcome, taken = self.scripts.call(
            "submit",
            entry_json(job, signature),
            idempotency.key if idempotency else "",
            idempotency.fingerprint if idempotency else "",
            self.lifetimes.idempotency_seconds,
            join or "",
            FRESH_MS,
        )
        if outcome == "conflict":
            raise IdempotencyConflictError(optimization_id=taken)
        return Submission(outcome), taken

    def get(self, optimization_id: str) -> JobRecord:
        """The record with its result. Raises JobNotFoundError, JobExpiredError, StoreUnavailableError."""
        with reaching_redis():
            pipe = self.redis.pipeline(transaction=False)
            pipe.hgetall(keys.job(optimization_id))
            pipe.get(keys.result(optimization_id))
            pipe.exists(keys.tombstone(optimization_id))
            fields, result, ended = pipe.execute()
        if fields:
            return from_fields(fields, result)
        raise (JobExpiredError if ended else JobNotFoundError)(optimization_id=optimization_id)

    def status(self, optimization_id: str) -> tuple[Status, int] | None:
        """Status and version alone, for those who wait; None where there is no such job."""
        with reaching_redis():
            status, version = self.redis.hmget(keys.job(optimization_id), ["status", "version"])
        return (Status(str(status)), int(version)) if status and version else None

    def list(self, *, after: str | None = None, limit: int = 50) -> list[JobRecord]:
        """Records without results, newest first; `after` is the id at which the page before ended.

        Raises JobExpiredError where that id is no longer known.
        """
        with reaching_redis():
            rank = -1 if after is None else self.redis.zrevrank(keys.JOBS, after)
            if rank is None:
                raise JobExpiredError("The job at which the page before ended is no longer known; start again.")
            ids = self.redis.zrevrange(keys.JOBS, int(str(rank)) + 1, int(str(rank)) + limit)
            pipe = self.redis.pipeline(transaction=False)
            for optimization_id in ids:
                pipe.hgetall(keys.job(str(optimization_id)))
            found = pipe.execute() if ids else []
        return [from_fields(fields) for fields in found if fields]

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
        """Cancel: at once where no attempt has begun, else the worker stops it within a second.

        Raises JobNotCancellableError where it has already ended.
        """
        job = record.job
        ending = endings.failed(
            job, CancelledError("The job was cancelled before it began."), 0, self.clock.now(), self.lifetimes
        )
        answer = self.scripts.call("cancel", job.optimization_id, ending)
        if answer in ("ended", "unknown"):
            raise JobNotCancellableError(optimization_id=job.optimization_id)
