"""How the service is, from the signs of life in Redis. Pure but for what it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.kinds import Resource
from optimizer.store.vitals import QueueState
from optimizer.values import JsonObject

HEALTHY, UNHEALTHY, UNAVAILABLE = "healthy", "unhealthy", "unavailable"
#: A disk that is fuller than this, in percent, is worth a warning
FULL_PERCENT = 90
#: Events that wait, some 400 bytes each in Redis, are worth a warning when there are so many
_MANY_EVENTS = 100_000
#: Queues that nobody reads are named up to so many
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is known at the moment of asking. None: the store could not be asked."""

    workers: Mapping[str, JsonObject] | None
    queues: Sequence[QueueState]
    system: JsonObject
    job_host: str
    has_amqp: bool
    has_signing_key: bool
    has_schedules: bool
    outbox: int = 0  #: events that wait for RabbitMQ


def judge(signs: Signs) -> dict[str, Any]:
    """`status`, `dependencies` and `warnings` of GET /health."""
    dependencies = _dependencies(signs)
    warnings = [*_worker_warnings(signs), *_disk_warnings(signs.system), *_queue_warnings(signs)]
    if not signs.has_signing_key:
        warnings.append("HRO_SIGNING_KEY is not set: workers refuse jobs that change the host.")
    if dependencies["rabbitmq"] == UNHEALTHY:
        warnings.append("RabbitMQ is not reached: events wait in Redis.")
    if signs.outbox > _MANY_EVENTS:
        warnings.append(f"{signs.outbox} events wait for RabbitMQ and take memory of Redis.")
    if signs.workers is None:
        status = UNHEALTHY
    else:
        status = "degraded" if warnings or UNHEALTHY in dependencies.values() else HEALTHY
    return {"status": status, "dependencies": dependencies, "warnings": warnings}


def _dependencies(signs: Signs) -> dict[str, str]:
    if signs.workers is None:
        return {"redis": UNHEALTHY, "rabbitmq": UNAVAILABLE, "docker": UNAVAILABLE, "workers": UNHEALTHY}
    alive = [facts for facts in signs.workers.values() if facts["alive"]]
    docker = next((facts["docker"]["state"] for facts in alive if "docker" in facts), UNAVAILABLE)
    keeper = next((facts["rabbitmq"]["state"] for facts in alive if "rabbitmq" in facts), UNHEALTHY)
    return {
        "redis": HEALTHY,
        "rabbitmq": keeper if signs.has_amqp else UNAVAILABLE,
        "docker": docker,
        "workers": UNHEALTHY if _missing(signs) else HEALTHY,
    }


def _missing(signs: Signs) -> list[str]:
    """The workers that this service sends jobs to and that are not there."""
    there = _there(signs)
    return [name for name in (f"{resource}@{signs.job_host}" for resource in Resource) if name not in there]


def _there(signs: Signs) -> set[str]:
    return {name for name, facts in (signs.workers or {}).items() if facts["alive"]}


def _worker_warnings(signs: Signs) -> list[str]:
    if signs.workers is None:
        return ["Redis cannot be reached: no job can be taken."]
    warnings = [f"No worker {name}: its jobs wait." for name in _missing(signs)]
    if not _is_there(signs, "keeper"):
        warnings.append("No keeper: events and tasks that other services enqueue wait.")
    if signs.has_schedules and not _is_there(signs, "beat"):
        warnings.append("No beat: nothing that is scheduled is started.")
    return warnings


def _is_there(signs: Signs, role: str) -> bool:
    """Whether there is one, on whichever host: one does for all of them."""
    return any(name.startswith(f"{role}@") for name in _there(signs))


def _disk_warnings(system: JsonObject) -> list[str]:
    return [
        f"{disk['mountpoint']} is {disk['percent']:.0f} % full."
        for disk in system.get("disks", [])
        if disk["percent"] > FULL_PERCENT
    ]


def _queue_warnings(signs: Signs) -> list[str]:
    """Queues with jobs that nobody reads: a host that is away, or a name that was never one."""
    alive = {
        f"{facts['resource']}.{facts['host']}"
        for facts in (signs.workers or {}).values()
        if facts["alive"] and "resource" in facts
    }
    unread = [queue for queue in signs.queues if queue.waiting and queue.name not in alive]
    named = [f"Jobs wait on {queue.name}, which no worker reads: {queue.waiting}." for queue in unread[:_MOST_NAMED]]
    more = [f"So they do on {len(unread) - _MOST_NAMED} more queues."] if len(unread) > _MOST_NAMED else []
    return named + more
