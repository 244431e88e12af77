"""The hash cache of a worker: a file, and the host's share of Redis."""

from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from optimizer.hashing.local_cache import LocalHashCache, NullHashCache
from optimizer.hashing.shared_cache import RedisDigests, SharedHashCache
from optimizer.ports import Clock, HashCache

#: Seconds to connect and to read: a cache that answers later than that saves nothing.
_CONNECT_SECONDS, _READ_SECONDS = 0.5, 2.0


def open_cache(url: str, path: Path, *, host: str, ttl_seconds: int, room: int, clock: Clock) -> HashCache:
    """The cache of a worker on `host`; none where it may keep nothing. Connects when a job is about to use it.

    `room` is how many bytes the file may take, and what all hosts together may take in Redis.
    """
    if not ttl_seconds or not room:
        return NullHashCache()
    client: redis.Redis = redis.Redis.from_url(
        url,
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_timeout=_READ_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    local = LocalHashCache(path, ttl_seconds=ttl_seconds, room=room, clock=clock)
    return SharedHashCache(local, RedisDigests(client, host=host, ttl_seconds=ttl_seconds, room=room))
