"""The hash cache on a real Redis: its limits, what it does not believe, and how it lives without."""

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from optimizer.cli.stack.redis import find_server, private_redis
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.hashing.cache import RedisHashCache, open_cache
from optimizer.hashing.job import HashJob
from optimizer.hashing.memory_cache import NullHashCache
from optimizer.host.files import AnyPath
from optimizer.ports import CachedDigest, FileKey, FileState
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening

ENTRY = CachedDigest(FileState(1, 2, 3), bytes(32))
KEY = FileKey(7, 8)
LATE = FakeClock(datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


def cache(client: redis.Redis, *, host: str = "host", ttl_seconds: int = 3600, capacity: int = 1000) -> RedisHashCache:
    return RedisHashCache(client, host=host, ttl_seconds=ttl_seconds, capacity=capacity)


def test_an_entry_has_a_lifetime_and_a_place_in_the_index(client: redis.Redis) -> None:
    """Under a key that names host, algorithm, device and inode."""
    cache(client).put_many("sha256", {KEY: ENTRY})
    assert client.zrange("hro:hash:index", 0, -1) == [b"hro:hash:host:sha256:7:8"]
    assert 3590 < client.ttl("hro:hash:host:sha256:7:8") <= 3600


def test_hosts_do_not_share_entries(client: redis.Redis) -> None:
    """Inode 8 of one host is another file than inode 8 of the next."""
    cache(client, host="a").put_many("sha256", {KEY: ENTRY})
    assert cache(client, host="b").get_many("sha256", [KEY]) == {}


def test_there_are_never_more_entries_than_allowed(client: redis.Redis) -> None:
    """Of all hosts together, whatever was put at once; those put first go first."""
    for number in range(5):
        entries = {FileKey(number, inode): ENTRY for inode in range(2500)}
        cache(client, host=f"host{number % 2}", capacity=3000).put_many("sha256", entries)
        assert client.zcard("hro:hash:index") <= 3000
    assert client.dbsize() == 3000 + 1
    last = cache(client, host="host0", capacity=3000).get_many("sha256", [FileKey(4, inode) for inode in range(2500)])
    assert len(last) == 2500


def test_a_smaller_limit_holds_from_the_next_entry_on(client: redis.Redis) -> None:
    """However many there were."""
    cache(client, capacity=5000).put_many("sha256", {FileKey(1, inode): ENTRY for inode in range(4000)})
    cache(client, capacity=10).put_many("sha256", {KEY: ENTRY})
    assert client.dbsize() == 10 + 1


def test_the_index_forgets_what_has_expired(client: redis.Redis) -> None:
    """Or it would grow for ever."""
    short = cache(client, ttl_seconds=1)
    short.put_many("sha256", {KEY: ENTRY})
    time.sleep(1.1)
    short.put_many("sha256", {FileKey(9, 9): ENTRY})
    assert client.zrange("hro:hash:index", 0, -1) == [b"hro:hash:host:sha256:9:9"]


@pytest.mark.parametrize("value", [b"", b"short", bytes(24)])
def test_what_is_no_entry_is_no_hit(client: redis.Redis, value: bytes) -> None:
    """Whoever wrote it."""
    client.set("hro:hash:host:sha256:7:8", value)
    assert cache(client).get_many("sha256", [KEY]) == {}


def test_a_value_of_another_type_is_no_hit(client: redis.Redis) -> None:
    """And no error."""
    client.rpush("hro:hash:host:sha256:7:8", b"list")
    assert cache(client).get_many("sha256", [KEY]) == {}


def hashed(path: Path, url: str) -> Any:
    shared = open_cache(url, host="host", ttl_seconds=3600, capacity=1000, clock=LATE)
    job = HashJob(algorithm="sha256", opener=AnyPath(), cache=shared, clock=LATE, progress=Listening())
    return job.run([os.fsencode(path)])


def test_an_unchanged_file_is_not_read_again(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    """By no worker of the host."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    first, second = hashed(path, redis_url), hashed(path, redis_url)
    assert (first["bytes_read"], second["bytes_read"], second["cache"]["hit_rate"]) == (7, 0, 1.0)


def test_a_file_edited_in_disguise_is_read_again(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    """Of the same size, and with its time of change put back."""
    path = tmp_path / "file"
    path.write_bytes(b"before")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    hashed(path, redis_url)
    path.write_bytes(b"after!")
    os.utime(path, ns=times)
    assert path.stat().st_mtime_ns == times[1]
    result = hashed(path, redis_url)
    assert result["hashes"][str(path)]["digest"] == hashlib.sha256(b"after!").hexdigest()
    assert result["cache"] == {"hits": 0, "misses": 1, "hit_rate": 0.0}


def test_a_worker_hashes_on_while_redis_is_away(tmp_path: Path) -> None:
    """From memory; it says so once, tries again after a few seconds, and says that Redis is back."""
    private, clock = private_redis(find_server(), tmp_path / "redis"), FakeClock()
    shared = open_cache(private.url, host="host", ttl_seconds=3600, capacity=1000, clock=clock)
    with capture_logs() as logs:
        with Supervisor(tmp_path) as supervisor:
            supervisor.start(private.program)
            shared.put_many("sha256", {FileKey(1, 1): ENTRY})
        away = [shared.get_many("sha256", [FileKey(1, 1)])]
        shared.put_many("sha256", {FileKey(1, 2): ENTRY})
        clock.move(10)
        away.append(shared.get_many("sha256", [FileKey(1, 1), FileKey(1, 2)]))
        with Supervisor(tmp_path) as supervisor:
            supervisor.start(private.program)
            away.append(shared.get_many("sha256", [FileKey(1, 1)]))
            clock.move(10)
            back = shared.get_many("sha256", [FileKey(1, 1)])
    assert away == [{}, {FileKey(1, 2): ENTRY}, {}]
    assert back == {FileKey(1, 1): ENTRY}
    assert [line["event"] for line in logs] == [
        "hash cache in memory: redis is away", "hash cache in redis again",
    ]  # fmt: skip


@pytest.mark.parametrize(("ttl_seconds", "capacity"), [(0, 10), (10, 0)])
def test_a_cache_that_may_keep_nothing_is_none(ttl_seconds: int, capacity: int) -> None:
    """Nobody connects to a Redis for it."""
    none = open_cache("unix:///nowhere", host="host", ttl_seconds=ttl_seconds, capacity=capacity, clock=LATE)
    assert isinstance(none, NullHashCache)
