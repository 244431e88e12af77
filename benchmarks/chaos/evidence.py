"""What a run left behind, as values that can be accounted for. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from optimizer.jobs import Status
from optimizer.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it came over RabbitMQ."""

    event_id: str
    event_type: str
    job: str
    at: float  #: when the event happened, in seconds since 1970
    attempt: int | None = None  #: of job.started

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        moment = datetime.fromisoformat(body["timestamp"]).timestamp()
        attempt = body["data"].get("attempt")
        return cls(body["event_id"], body["event_type"], body["optimization_id"], moment, attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """As much of a job's record as the accounting needs."""

    job: str
    kind: str
    status: str
    attempt: int = 0
    dry_run: bool = False
    has_children: bool = False
    has_started: bool = False
    finished_at: float | None = None  #: in seconds since 1970
    target: str | None = None  #: the job that it undid or purged
    result: Mapping[str, Any] = field(default_factory=dict)
    error_code: str | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Of the answer of GET /optimizations/<id>."""
        finished = body["finished_at"]
        return cls(
            job=body["optimization_id"],
            kind=body["kind"],
            status=body["status"],
            attempt=body["attempt"],
            dry_run=bool(body["options"].get("dry_run")),
            has_children=bool(body["children"]),
            has_started=body["started_at"] is not None,
            finished_at=datetime.fromisoformat(finished).timestamp() if finished else None,
            target=body["options"].get("optimization_id"),
            result=body["result"] or {},
            error_code=(body["error"] or {}).get("code"),
        )

    @property
    def is_final(self) -> bool:
        return Status(self.status).is_final

    @property
    def own_event(self) -> str | None:
        """The event beside job.completed that tells what this job brought about."""
        event = KINDS[self.kind].event
        return event.value if event and self.status == Status.COMPLETED and not self.dry_run else None


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the journal's audit."""

    job: str
    number: int
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """An action as the journal has it in the end."""

    job: str
    number: int
    state: str
    path: str
    by: str | None  #: the job that undid or purged it


@dataclass(frozen=True, slots=True)
class Begun:
    """A worker began an attempt at a job."""

    job: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that is known when a run is over. Digests are SHA-256 of a file's bytes."""

    accepted: frozenset[str]
    records: Mapping[str, Record]
    heard: Sequence[Heard] = ()
    begun: Sequence[Begun] = ()
    steps: Sequence[Step] = ()
    rows: Sequence[Row] = ()
    written: Mapping[str, str] = field(default_factory=dict)  #: digest of each file before, by path
    in_place: Mapping[str, str] = field(default_factory=dict)  #: digest of each of them that is there now
    compressed: Mapping[str, str] = field(default_factory=dict)  #: digest of what the archive beside its place holds
    in_quarantine: Mapping[tuple[str, int], str] = field(default_factory=dict)  #: digest by job and number
