"""What workers of a host share in a real Redis: its limits, what it is not believed, and how they live without."""

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
from optimizer.hashing.cache import open_cache
from optimizer.hashing.job import HashJob
from optimizer.hashing.local_cache import NullHashCache
from optimizer.hashing.shared_cache import RedisDigests, SharedFolder
from optimizer.host.files import AnyPath
from optimizer.ports import FileKey, HashCache, KeptDigests
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening

LATE = FakeClock(datetime(2100, 1, 1, tzinfo=UTC))
NOW = LATE.now().timestamp()
KEPT = KeptDigests(NOW, b"packed")
KEY = FileKey(7, 8)
OWN = {b"hro:hash:index", b"hro:hash:sizes", b"hro:hash:host:index"}


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


def shared(client: redis.Redis, *, host: str = "host", ttl_seconds: int = 3600, room: int = 100_000) -> RedisDigests:
    return RedisDigests(client, host=host, ttl_seconds=ttl_seconds, room=room)


def folders(count: int, size: int = 100) -> list[SharedFolder]:
    return [SharedFolder(f"sha256:1:{inode}", KeptDigests(NOW, bytes(size))) for inode in range(count)]


def after(digests: RedisDigests, place: int = 0) -> list[str]:
    return [folder for _, found in digests.after(place) for folder, _ in found]


def test_a_folder_has_a_lifetime_and_a_place(client: redis.Redis) -> None:
    """Under a key that names host, algorithm, device and inode."""
    place, before = shared(client).put([SharedFolder("sha256:7:8", KEPT)])
    assert client.zrange("hro:hash:host:index", 0, -1, withscores=True) == [(b"hro:hash:host:sha256:7:8", place)]
    assert (before, list(shared(client).after(0))) == (0, [(place, [SharedFolder("sha256:7:8", KEPT)])])
    assert 3590 < client.ttl("hro:hash:host:sha256:7:8") <= 3600


def test_hosts_do_not_share_folders(client: redis.Redis) -> None:
    """Inode 8 of one host is another folder than inode 8 of the next."""
    shared(client, host="a").put([SharedFolder("sha256:7:8", KEPT)])
    assert after(shared(client, host="b")) == []


def test_places_only_rise(client: redis.Redis) -> None:
    """So whoever knows the last one misses nothing that comes after it."""
    digests = shared(client)
    places = [digests.put([one]) for one in folders(50)]
    assert [place for place, _ in places] == sorted({place for place, _ in places})
    assert [before for _, before in places[1:]] == [place for place, _ in places[:-1]]
    assert after(digests, places[39][0]) == [one.folder for one in folders(50)[40:]]


def test_very_many_folders_come_in_batches(client: redis.Redis) -> None:
    """Each of them once, whatever was put together."""
    digests = shared(client, room=10_000_000)
    for begin in range(0, 2100, 300):
        digests.put(folders(2100)[begin : begin + 300])
    assert sorted(after(digests)) == sorted(one.folder for one in folders(2100))


def test_there_is_never_more_than_allowed(client: redis.Redis) -> None:
    """Of all hosts together, whatever was put at once; those put first go first."""
    for number in range(5):
        shared(client, host=f"host{number % 2}", room=30_000).put(folders(250))
    sizes = [client.strlen(key) for key in client.keys("hro:hash:host*:sha256:*")]
    assert sum(sizes) == int(client.hget("hro:hash:sizes", "") or 0)
    assert 29_000 < sum(sizes) <= 30_000
    assert len(after(shared(client, host="host0"))) == 250
    assert client.zcard("hro:hash:index") == len(sizes)


def test_what_is_put_again_counts_once(client: redis.Redis) -> None:
    """With its last size."""
    for size in (50, 500, 5):
        shared(client).put([SharedFolder("sha256:7:8", KeptDigests(NOW, bytes(size)))])
    assert client.hgetall("hro:hash:sizes") == {b"": b"13", b"hro:hash:host:sha256:7:8": b"13"}


def test_the_indexes_forget_what_has_expired(client: redis.Redis) -> None:
    """Or they would grow for ever."""
    short = shared(client, ttl_seconds=1)
    short.put([SharedFolder("sha256:7:8", KEPT)])
    time.sleep(1.1)
    short.put([SharedFolder("sha256:9:9", KEPT)])
    assert client.zrange("hro:hash:index", 0, -1) == [b"hro:hash:host:sha256:9:9"]
    assert set(client.keys("*")) == {*OWN, b"hro:hash:host:sha256:9:9"}


@pytest.mark.parametrize("value", [b"", b"short", b"12345678"])
def test_what_is_nothing_of_ours_is_left_out(client: redis.Redis, value: bytes) -> None:
    """Whoever wrote it."""
    shared(client).put([SharedFolder("sha256:7:8", KEPT)])
    client.set("hro:hash:host:sha256:7:8", value)
    client.zadd("hro:hash:host:index", {b"hro:hash:host:\xff": 1, b"list": 2})
    client.rpush("list", b"list")
    assert after(shared(client)) == []


def worker(url: str, folder: Path) -> HashCache:
    return open_cache(url, folder / "digests.db", host="host", ttl_seconds=3600, room=1_000_000, clock=LATE)


def hashed(path: Path, cache: HashCache) -> Any:
    job = HashJob(algorithm="sha256", opener=AnyPath(), cache=cache, clock=LATE, progress=Listening())
    with cache.shared():
        return job.run([os.fsencode(path)])


def test_an_unchanged_file_is_read_by_no_worker_again(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    """Though each has a file of its own, and may have lost it."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    first = hashed(path, worker(redis_url, tmp_path / "one"))
    second = hashed(path, worker(redis_url, tmp_path / "two"))
    assert (first["bytes_read"], second["bytes_read"], second["cache"]["hit_rate"]) == (7, 0, 1.0)


def test_a_file_edited_in_disguise_is_read_again(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    """Of the same size, and with its time of change put back."""
    path = tmp_path / "file"
    path.write_bytes(b"before")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    hashed(path, worker(redis_url, tmp_path))
    path.write_bytes(b"after!")
    os.utime(path, ns=times)
    assert path.stat().st_mtime_ns == times[1]
    result = hashed(path, worker(redis_url, tmp_path))
    assert result["hashes"][str(path)]["digest"] == hashlib.sha256(b"after!").hexdigest()
    assert result["cache"] == {"hits": 0, "misses": 1, "hit_rate": 0.0}


def test_its_own_folders_do_not_come_back(client: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    """A worker takes in what others have put, and nothing twice."""
    one, two = worker(redis_url, tmp_path / "one"), worker(redis_url, tmp_path / "two")
    for number, cache in enumerate((one, two, one)):
        with cache.shared():
            cache.put_many("sha256", {FileKey(1, number): KEPT})
    with two.shared():
        pass
    for cache in (one, two):
        assert set(cache.get_many("sha256", [FileKey(1, number) for number in range(3)])) == {
            FileKey(1, number) for number in range(3)
        }
    told = client.info("commandstats")["cmdstat_mget"]["calls"]
    for cache in (one, two, one):
        with cache.shared():
            pass
    assert client.info("commandstats")["cmdstat_mget"]["calls"] - told <= 1


def test_a_worker_hashes_on_while_redis_is_away(tmp_path: Path) -> None:
    """From its file; it says so once, and that Redis is back, and then shares what was new meanwhile."""
    private = private_redis(find_server(), tmp_path / "redis")
    cache = worker(private.url, tmp_path)
    with capture_logs() as logs:
        for _ in range(2):
            with cache.shared():
                cache.put_many("sha256", {KEY: KEPT})
            assert cache.get_many("sha256", [KEY]) == {KEY: KEPT}
        with Supervisor(tmp_path) as supervisor:
            supervisor.start(private.program)
            with cache.shared():
                pass
            with redis.Redis.from_url(private.url) as client:
                assert client.exists("hro:hash:host:sha256:7:8")
    assert [line["event"] for line in logs] == ["hash cache not shared: redis is away", "hash cache shared again"]


@pytest.mark.parametrize(("ttl_seconds", "room"), [(0, 10), (10, 0)])
def test_a_cache_that_may_keep_nothing_is_none(tmp_path: Path, ttl_seconds: int, room: int) -> None:
    """Nobody connects to a Redis for it, and no file is made."""
    path = tmp_path / "digests.db"
    none = open_cache("unix:///nowhere", path, host="host", ttl_seconds=ttl_seconds, room=room, clock=LATE)
    none.put_many("sha256", {KEY: KEPT})
    assert isinstance(none, NullHashCache)
    assert (none.get_many("sha256", [KEY]), path.exists()) == ({}, False)
