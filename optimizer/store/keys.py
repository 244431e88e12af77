"""Every key of the store.

All lie in the broker's database, so that what an append-only file holds is consistent in itself.
"""

OUTBOX = "hro:outbox"  #: stream of the product's own events, until the keeper has sent them
CELERY_EVENTS = "hro:celery-events"  #: stream of what Celery tells of its tasks and workers, capped
CELERY_METRICS = "hro:celery-metrics"  #: hash of counters of those events
RUNNING = "hro:running"  #: sorted set of running jobs by the end of their lease, in ms
DELAYED = "hro:delayed"  #: sorted set of queued jobs that are not due yet, by the time when they are, in ms
JOBS = "hro:jobs"  #: sorted set of all jobs by the time they were taken, in ms
QUEUES = "hro:queues"  #: set of every queue that a job was ever put on
METRICS = "hro:metrics"  #: hash of counters and gauges, see metrics.py
SCHEDULES = "hro:schedules"  #: hash of each schedule's last tick: when it was due, and its job
SET_ASIDE = "hro:set-aside"  #: list of messages and events of which nothing could be made, newest first
MOST_SET_ASIDE = 1000  #: of these are kept
HISTORY = "hro:history"  #: list of what finished changing jobs did, newest first, capped
QUARANTINE = "hro:quarantine"  #: hash by host of what its last changing job saw in quarantine
WORKERS = "hro:workers"  #: hash of heartbeats by worker name

NOTHING = "hro:nothing"  #: never there: to delete it is a write that takes no memory
UNACKED_INDEX = "unacked_index"  #: Celery's own sorted set of tags of what workers hold, by when they took it, in s


def lease(name: str) -> str:
    """String: who does what only one process may do at a time."""
    return f"hro:lease:{name}"


def job(optimization_id: str) -> str:
    """Hash: the record."""
    return f"hro:job:{optimization_id}"


def result(optimization_id: str) -> str:
    """String: the result's JSON, apart from the record because it may be large."""
    return f"hro:result:{optimization_id}"


def plan(optimization_id: str) -> str:
    """List: the JSON of each action of the plan."""
    return f"hro:plan:{optimization_id}"


def tombstone(optimization_id: str) -> str:
    """String: left when a job ends, outlives its record, tells an expired id from an unknown one."""
    return f"hro:tombstone:{optimization_id}"


def celery_result(optimization_id: str) -> str:
    """String: where a stock Celery client looks for the result of a task."""
    return f"celery-task-meta-{optimization_id}"


def queued(queue: str) -> str:
    """Sorted set: ids of the jobs that wait on a queue, by the time they were put there, in ms."""
    return f"hro:queued:{queue}"


def idempotency(key: str) -> str:
    """String: fingerprint and id of the request that came with this Idempotency-Key."""
    return f"hro:idempotency:{key}"


def joinable(fingerprint: str) -> str:
    """String: id of the newest analysis of this fingerprint."""
    return f"hro:joinable:{fingerprint}"
