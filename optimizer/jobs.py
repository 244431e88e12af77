"""A job, and the record of what became of it."""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from optimizer.kinds import KINDS, Kind, Resource, Scope, parse_options
from optimizer.values import JsonObject, Value

#: The namespace of the ids of jobs that are parts of another (RFC 9562, version 5)
_NAMESPACE = uuid.UUID("0d6a2f0e-5a5b-5b0f-9c61-7f3d8a1f4c22")

#: A job that is due later must not outlive what is remembered of others: the time that tombstones outlive records
MOST_DELAY = timedelta(days=30)


class Status(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


class Job(Value):
    """What was asked for. Never changes, once it has been taken."""

    optimization_id: str
    kind: str
    host: str  #: or several, with commas between them
    options: JsonObject = Field(default_factory=dict)
    parent_id: str | None = None
    request_id: str | None = None
    created_at: datetime
    due_at: datetime | None = None  #: when it is put on its queue; None: at once

    @property
    def is_due_too_late(self) -> bool:
        return self.due_at is not None and self.due_at - self.created_at > MOST_DELAY

    @property
    def definition(self) -> Kind:
        return KINDS[self.kind]

    @property
    def resource(self) -> Resource | None:
        return self.definition.resource

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.host.split(","))

    @property
    def queue(self) -> str:
        """The queue that only this host's worker of this resource consumes; none where the job is made of others."""
        return "" if self.children else f"{self.resource}.{self.host}"

    @property
    def children(self) -> "tuple[Job, ...]":
        """The jobs that it is made of: one for each host and each part of its kind; none where that is itself.

        Their ids follow from its own, so that a submission that is repeated is the same.
        """
        if not self.definition.parts and "," not in self.host:
            return ()
        kinds = self.definition.parts or (self.kind,)
        return tuple(self._child(kind, host) for host in self.hosts for kind in kinds)

    def _child(self, kind: str, host: str) -> "Job":
        said = {
            "optimization_id": str(uuid.uuid5(_NAMESPACE, f"{self.optimization_id} {kind} {host}")),
            "kind": kind,
            "host": host,
            "parent_id": self.optimization_id,
        }
        return self.model_copy(update=said)

    @property
    def scope(self) -> Scope:
        """What a caller needs to start it, and to cancel it."""
        return self.definition.scope(self.options)

    @property
    def dry_run(self) -> bool:
        return bool(self.options.get("dry_run", False))

    def parsed_options(self) -> Value:
        return parse_options(self.definition, self.options)


class JobRecord(Value):
    """A job and its state as the store has it. `result` and `children` are left out of lists."""

    job: Job
    status: Status
    children: "tuple[JobRecord, ...]" = ()  #: of the jobs that it is made of
    progress: JsonObject | None = None
    plan: JsonObject | None = None  #: a summary of the plan; its actions are read by page
    result: JsonObject | None = None
    error: JsonObject | None = None
    reversible: bool | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    worker: str | None = None  #: who ran the last attempt, as <resource>@<host>
    version: int = 0  #: grows with every change of the record
