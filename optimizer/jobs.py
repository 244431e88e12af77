"""A job, and the record of what became of it."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from optimizer.kinds import KINDS, Kind, Resource, Scope, parse_options
from optimizer.values import JsonObject, Value


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
    host: str
    options: JsonObject = Field(default_factory=dict)
    parent_id: str | None = None
    request_id: str | None = None
    created_at: datetime
    due_at: datetime | None = None  #: when it is put on its queue; None: at once

    @property
    def definition(self) -> Kind:
        return KINDS[self.kind]

    @property
    def resource(self) -> Resource:
        return self.definition.resource

    @property
    def queue(self) -> str:
        """The queue that only this host's worker of this resource consumes."""
        return f"{self.resource}.{self.host}"

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
    """A job and its state as the store has it. `result` is left out of lists."""

    job: Job
    status: Status
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
