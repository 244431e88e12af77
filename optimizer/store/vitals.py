"""The signs of life that stand in Redis: heartbeats of workers, queues, counters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import redis

from optimizer.ports import Clock
from optimizer.store import keys
from optimizer.store.connection import reaching_redis
from optimizer.values import JsonObject

#: A worker says every so many seconds that it is there
HEARTBEAT_SECONDS = 5
#: It counts as gone when it has not been heard of for so long
GONE_SECONDS = 3 * HEARTBEAT_SECONDS
#: It is forgotten when it has not been heard of for so long
FORGOTTEN_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    name: str
    waiting: int
    oldest_seconds: float  #: how long its oldest job has waited; 0 where none does


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    redis: redis.Redis
    clock: Clock

    def beat(self, name: str, facts: JsonObject) -> None:
        """A worker is there. `facts`: its host, resource and what it can do."""
        stamped = {**facts, "seen_at": self.clock.now().timestamp()}
        with reaching_redis():
            self.redis.hset(keys.WORKERS, name, json.dumps(stamped))

    def leave(self, name: str) -> None:
        """A worker has stopped in good order."""
        with reaching_redis():
            self.redis.hdel(keys.WORKERS, name)

    def workers(self) -> dict[str, JsonObject]:
        """Every worker heard of in the last month, with `alive`; those gone for longer are forgotten."""
        with reaching_redis():
            beats = cast("dict[str, str]", self.redis.hgetall(keys.WORKERS))
        now = self.clock.now().timestamp()
        known = {name: json.loads(text) for name, text in beats.items()}
        ages = {name: now - facts["seen_at"] for name, facts in known.items()}
        forgotten = [name for name, age in ages.items() if age > FORGOTTEN_SECONDS]
        if forgotten:
            with reaching_redis():
                self.redis.hdel(keys.WORKERS, *forgotten)
        return {
            name: {**facts, "alive": ages[name] <= GONE_SECONDS}
            for name, facts in sorted(known.items())
            if name not in forgotten
        }

    def queues(self) -> list[QueueState]:
        """Every queue that a job was ever put on."""
        with reaching_redis():
            names = sorted(cast("set[str]", self.redis.smembers(keys.QUEUES)))
            pipe = self.redis.pipeline(transaction=False)
            for name in names:
                pipe.zcard(keys.queued(name))
                pipe.zrange(keys.queued(name), 0, 0, withscores=True)
            found = pipe.execute() if names else []
        now_ms = self.clock.now().timestamp() * 1000
        return [
            QueueState(
                name=name,
                waiting=waiting,
                oldest_seconds=max(0.0, (now_ms - oldest[0][1]) / 1000) if oldest else 0.0,
            )
            for name, waiting, oldest in zip(names, found[::2], found[1::2], strict=True)
        ]

    def messages(self, queue: str) -> int:
        """Messages that a worker of the queue could take now."""
        with reaching_redis():
            return int(self.redis.llen(queue))

    def ticked(self, schedule: str, due: datetime, optimization_id: str) -> None:
        """A schedule has started a job."""
        with reaching_redis():
            said = json.dumps({"due": due.isoformat(), "optimization_id": optimization_id})
            self.redis.hset(keys.SCHEDULES, schedule, said)

    def last_ticks(self) -> dict[str, JsonObject]:
        """The last tick of each schedule, {due, optimization_id}."""
        with reaching_redis():
            ticks = cast("dict[str, str]", self.redis.hgetall(keys.SCHEDULES))
        return {name: json.loads(text) for name, text in ticks.items()}

    def celery_counters(self) -> Mapping[str, float]:
        """The hash CELERY_METRICS, see celery_metrics.py."""
        return self._numbers(keys.CELERY_METRICS)

    def counters(self) -> Mapping[str, float]:
        """The hash METRICS, see metrics.py."""
        return self._numbers(keys.METRICS)

    def _numbers(self, key: str) -> Mapping[str, float]:
        with reaching_redis():
            found = cast("dict[str, str]", self.redis.hgetall(key))
        return {name: float(value) for name, value in found.items()}

    def delayed(self) -> int:
        """Jobs that are not due yet."""
        with reaching_redis():
            return int(self.redis.zcard(keys.DELAYED))

    def outbox_length(self) -> int:
        with reaching_redis():
            return int(self.redis.xlen(keys.OUTBOX))

    def ping(self) -> None:
        """Raises StoreUnavailableError."""
        with reaching_redis():
            self.redis.ping()
