"""The product's own events: what other services read from RabbitMQ."""

from datetime import datetime
from enum import StrEnum

from optimizer.values import JsonObject, Value

AGENT = "hardware-resource-optimizer"


class EventType(StrEnum):
    JOB_QUEUED = "job.queued"
    JOB_STARTED = "job.started"
    JOB_COMPLETED = "job.completed"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    MEMORY_OPTIMIZED = "memory.optimized"
    CPU_OPTIMIZED = "cpu.optimized"
    STORAGE_OPTIMIZED = "storage.optimized"
    STORAGE_ANALYZED = "storage.analyzed"
    DOCKER_OPTIMIZED = "docker.optimized"
    FILES_HASHED = "files.hashed"
    UNDO_COMPLETED = "undo.completed"
    PURGE_COMPLETED = "purge.completed"
    POLICY_TRIGGERED = "policy.triggered"


class Event(Value):
    """One message of the exchange `optimization_events`, routing key `optimization.<event_type>`.

    `event_id` is the same however often the event is sent, so that a consumer can drop a repetition.
    """

    event_id: str
    event_type: EventType
    agent: str = AGENT
    host: str
    optimization_id: str
    data: JsonObject
    timestamp: datetime
