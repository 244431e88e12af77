"""What every hash cache does: one test runs on the one in Redis, the one in memory, and the two together."""

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from optimizer.hashing.cache import FallbackHashCache, RedisHashCache
from optimizer.hashing.memory_cache import MemoryHashCache
from optimizer.ports import CachedDigest, FileKey, FileState, HashCache
from tests.fakes.clock import FakeClock

CAPACITY = 3000

#: Such as a kernel may give: device and inode have 64 bits, and times may lie before 1970.
keys = st.builds(FileKey, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
times = st.integers(-(2**63), 2**63 - 1)
digests = st.binary(min_size=32, max_size=64)
entries = st.builds(CachedDigest, st.builds(FileState, st.integers(0, 2**63 - 1), times, times), digests)


def in_redis(url: str) -> RedisHashCache:
    client: redis.Redis = redis.Redis.from_url(url)
    client.flushdb()
    return RedisHashCache(client, host="host", ttl_seconds=60, capacity=CAPACITY)


def in_memory() -> MemoryHashCache:
    return MemoryHashCache(ttl_seconds=60, capacity=CAPACITY, clock=FakeClock())


@pytest.fixture(params=["redis", "memory", "fallback, redis here", "fallback, redis away"])
def cache(request: pytest.FixtureRequest) -> HashCache:
    if request.param == "memory":
        return in_memory()
    if request.param == "fallback, redis away":
        away: redis.Redis = redis.Redis(unix_socket_path="/nowhere", retry=Retry(NoBackoff(), 0))
        shared = RedisHashCache(away, host="host", ttl_seconds=60, capacity=CAPACITY)
        return FallbackHashCache(shared, in_memory(), clock=FakeClock())
    shared = in_redis(request.getfixturevalue("redis_url"))
    return shared if request.param == "redis" else FallbackHashCache(shared, in_memory(), clock=FakeClock())


def entry(number: int = 0) -> CachedDigest:
    return CachedDigest(FileState(number, 2, 3), b"%032d" % number)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.dictionaries(keys, entries, max_size=5))
def test_what_was_put_can_be_had(cache: HashCache, put: dict[FileKey, CachedDigest]) -> None:
    """Exactly as it was, for every key that a file can have."""
    cache.put_many("sha256", put)
    assert cache.get_many("sha256", list(put)) == put


def test_a_key_without_an_entry_is_left_out(cache: HashCache) -> None:
    """The others are found all the same."""
    cache.put_many("sha256", {FileKey(1, 1): entry()})
    assert cache.get_many("sha256", [FileKey(1, 2), FileKey(1, 1), FileKey(2, 1)]) == {FileKey(1, 1): entry()}


def test_the_last_entry_holds(cache: HashCache) -> None:
    """A file that has changed has a new digest."""
    for number in (1, 2):
        cache.put_many("sha256", {FileKey(1, 1): entry(number)})
    assert cache.get_many("sha256", [FileKey(1, 1)]) == {FileKey(1, 1): entry(2)}


def test_each_algorithm_has_its_own_entries(cache: HashCache) -> None:
    """A file may be known by several digests at once."""
    cache.put_many("sha256", {FileKey(1, 1): entry(1)})
    cache.put_many("sha512", {FileKey(1, 1): entry(2)})
    found = [cache.get_many(algorithm, [FileKey(1, 1)]) for algorithm in ("sha256", "sha512", "blake2b")]
    assert found == [{FileKey(1, 1): entry(1)}, {FileKey(1, 1): entry(2)}, {}]


def test_nothing_is_asked_and_nothing_put(cache: HashCache) -> None:
    """An empty batch is no error."""
    cache.put_many("sha256", {})
    assert cache.get_many("sha256", []) == {}


def test_many_entries_go_in_at_once_and_the_oldest_out(cache: HashCache) -> None:
    """There are never more than the cache may keep, and what was put last is there."""
    all_keys = [FileKey(1, inode) for inode in range(CAPACITY + 500)]
    cache.put_many("sha256", {key: entry() for key in all_keys[:500]})
    cache.put_many("sha256", {key: entry() for key in all_keys[500:]})
    found = cache.get_many("sha256", all_keys)
    assert len(found) == CAPACITY
    assert set(found) >= set(all_keys[1000:])
