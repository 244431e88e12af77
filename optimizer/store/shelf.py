"""What changing jobs left to be read: what each did, and what waits in quarantine on each host."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import redis

from optimizer.store import keys
from optimizer.store.connection import reaching_redis
from optimizer.values import JsonObject


@dataclass(frozen=True, slots=True)
class Shelf:
    redis: redis.Redis

    def history(self, *, start: int, limit: int) -> list[JsonObject]:
        """Rows of finished changing jobs, newest first: what each was, how it ended, and what it counted."""
        with reaching_redis():
            rows = cast("Sequence[str]", self.redis.lrange(keys.HISTORY, start, start + limit - 1))
        return [json.loads(row) for row in rows]

    def quarantine(self) -> list[JsonObject]:
        """By host and job: `host`, `optimization_id`, `files`, `bytes`, `since`, and `seen_at`, when it was so."""
        with reaching_redis():
            hosts = cast("dict[str, str]", self.redis.hgetall(keys.QUARANTINE))
        seen = {host: json.loads(text) for host, text in sorted(hosts.items())}
        return [{"host": host, **row, "seen_at": told["at"]} for host, told in seen.items() for row in told["jobs"]]
