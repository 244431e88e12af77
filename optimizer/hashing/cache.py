"""The hash cache that all workers of a host share, in Redis; while Redis is away, one in memory."""

import struct
from collections.abc import Mapping, Sequence
from importlib import resources

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from optimizer.hashing.hasher import batches
from optimizer.hashing.memory_cache import MemoryHashCache, NullHashCache
from optimizer.ports import CachedDigest, Clock, FileKey, FileState, HashCache

_INDEX = "hro:hash:index"
#: Size, mtime_ns and ctime_ns, before the digest itself. Some filesystems have times before 1970.
_STATE = struct.Struct("<Qqq")
#: Seconds to connect and to read: a cache that answers later than that saves nothing.
_CONNECT_SECONDS, _READ_SECONDS = 0.5, 2.0
#: Seconds until Redis is tried again after it failed.
_RETRY_SECONDS = 5.0
#: Entries that one process keeps while Redis is away, some 300 bytes each.
_MEMORY_ENTRIES = 100_000

_log = structlog.get_logger(__name__)


def open_cache(url: str, *, host: str, ttl_seconds: int, capacity: int, clock: Clock) -> HashCache:
    """The cache of a worker on `host`; none where it may keep nothing. Connects when it is first asked.

    `capacity` is the number of entries of all hosts together.
    """
    if not ttl_seconds or not capacity:
        return NullHashCache()
    client: redis.Redis = redis.Redis.from_url(
        url,
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_timeout=_READ_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    memory = MemoryHashCache(ttl_seconds=ttl_seconds, capacity=min(capacity, _MEMORY_ENTRIES), clock=clock)
    shared = RedisHashCache(client, host=host, ttl_seconds=ttl_seconds, capacity=capacity)
    return FallbackHashCache(shared, memory, clock=clock)


class RedisHashCache:
    """A string for each file: `hro:hash:<host>:<algorithm>:<device>:<inode>`. Raises redis.RedisError.

    What Redis says is a hint. An entry of another state is no hit, and one that is no entry is taken for none.
    """

    def __init__(self, client: redis.Redis, *, host: str, ttl_seconds: int, capacity: int) -> None:
        """`client` must hand out bytes (no decode_responses)."""
        self._client = client
        self._host = host
        self._ttl_seconds = ttl_seconds
        self._capacity = capacity
        source = (resources.files("optimizer.hashing") / "put.lua").read_text(encoding="utf-8")
        self._put = client.register_script(source)

    def get_many(self, algorithm: str, keys: Sequence[FileKey]) -> Mapping[FileKey, CachedDigest]:
        found = {}
        for batch in batches(keys):
            values = self._client.mget([self._key(algorithm, key) for key in batch])
            for key, value in zip(batch, values, strict=True):
                if isinstance(value, bytes) and len(value) > _STATE.size:
                    found[key] = _unpack(value)
        return found

    def put_many(self, algorithm: str, entries: Mapping[FileKey, CachedDigest]) -> None:
        for batch in batches(entries.items()):
            self._put(
                keys=[_INDEX, *(self._key(algorithm, key) for key, _ in batch)],
                args=[self._ttl_seconds, self._capacity, *(_pack(entry) for _, entry in batch)],
            )

    def _key(self, algorithm: str, key: FileKey) -> str:
        return f"hro:hash:{self._host}:{algorithm}:{key.device}:{key.inode}"


def _pack(entry: CachedDigest) -> bytes:
    return _STATE.pack(*entry.state) + entry.digest


def _unpack(value: bytes) -> CachedDigest:
    return CachedDigest(FileState(*_STATE.unpack_from(value)), value[_STATE.size :])


class FallbackHashCache:
    """Uses `memory` for as long as `shared` fails, and tries that again after a few seconds."""

    def __init__(self, shared: RedisHashCache, memory: HashCache, *, clock: Clock) -> None:
        self._shared = shared
        self._memory = memory
        self._clock = clock
        self._away_until: float | None = None  # None: it answered when it was last asked

    def get_many(self, algorithm: str, keys: Sequence[FileKey]) -> Mapping[FileKey, CachedDigest]:
        if self._is_due():
            try:
                found = self._shared.get_many(algorithm, keys)
            except redis.RedisError as error:
                self._lost(error)
            else:
                self._found()
                return found
        return self._memory.get_many(algorithm, keys)

    def put_many(self, algorithm: str, entries: Mapping[FileKey, CachedDigest]) -> None:
        if self._is_due():
            try:
                self._shared.put_many(algorithm, entries)
            except redis.RedisError as error:
                self._lost(error)
            else:
                self._found()
                return
        self._memory.put_many(algorithm, entries)

    def _is_due(self) -> bool:
        return self._away_until is None or self._clock.monotonic() >= self._away_until

    def _lost(self, error: redis.RedisError) -> None:
        if self._away_until is None:
            _log.warning("hash cache in memory: redis is away", error=str(error), retry_seconds=_RETRY_SECONDS)
        self._away_until = self._clock.monotonic() + _RETRY_SECONDS

    def _found(self) -> None:
        if self._away_until is not None:
            _log.info("hash cache in redis again")
            self._away_until = None
