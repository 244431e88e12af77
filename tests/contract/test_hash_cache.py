"""What every hash cache does: one test runs on the file alone, with Redis beside it, and with a Redis that is away."""

from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.hashing.cache import open_cache
from optimizer.hashing.local_cache import LocalHashCache
from optimizer.ports import FileKey, HashCache, KeptDigests
from tests.fakes.clock import FakeClock

ROOM = 100_000
CLOCK = FakeClock()
NOW = CLOCK.now().timestamp()

#: Such as a kernel may give: device and inode have 64 bits.
keys = st.builds(FileKey, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
kept = st.builds(KeptDigests, st.floats(NOW - 50, NOW), st.binary(min_size=1, max_size=200))


@pytest.fixture(params=["file", "redis here", "redis away"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> HashCache:
    path = tmp_path / "digests.db"
    if request.param == "file":
        return LocalHashCache(path, ttl_seconds=60, room=ROOM, clock=CLOCK)
    url = "unix:///nowhere"
    if request.param == "redis here":
        url = request.getfixturevalue("redis_url")
        with redis.Redis.from_url(url) as client:
            client.flushdb()
    return open_cache(url, path, host="host", ttl_seconds=60, room=ROOM, clock=CLOCK)


def digests(number: int = 0, size: int = 72) -> KeptDigests:
    return KeptDigests(NOW, b"%d" % number * size)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.dictionaries(keys, kept, max_size=5))
def test_what_was_put_can_be_had(cache: HashCache, put: dict[FileKey, KeptDigests]) -> None:
    """Exactly as it was, for every key that a folder can have."""
    with cache.shared():
        cache.put_many("sha256", put)
    assert cache.get_many("sha256", list(put)) == put


def test_a_folder_of_which_nothing_is_kept_is_left_out(cache: HashCache) -> None:
    """The others are found all the same."""
    cache.put_many("sha256", {FileKey(1, 1): digests()})
    assert cache.get_many("sha256", [FileKey(1, 2), FileKey(1, 1), FileKey(2, 1)]) == {FileKey(1, 1): digests()}


def test_what_was_put_last_holds(cache: HashCache) -> None:
    """A folder whose files have changed has other digests."""
    for number in (1, 2):
        cache.put_many("sha256", {FileKey(1, 1): digests(number)})
    assert cache.get_many("sha256", [FileKey(1, 1)]) == {FileKey(1, 1): digests(2)}


def test_each_algorithm_has_its_own_digests(cache: HashCache) -> None:
    """A folder may be known by several at once."""
    cache.put_many("sha256", {FileKey(1, 1): digests(1)})
    cache.put_many("sha512", {FileKey(1, 1): digests(2)})
    found = [cache.get_many(algorithm, [FileKey(1, 1)]) for algorithm in ("sha256", "sha512", "blake2b")]
    assert found == [{FileKey(1, 1): digests(1)}, {FileKey(1, 1): digests(2)}, {}]


def test_nothing_is_asked_and_nothing_put(cache: HashCache) -> None:
    """Nothing at all is no error."""
    cache.put_many("sha256", {})
    assert cache.get_many("sha256", []) == {}


def test_digests_are_forgotten_after_their_time(cache: HashCache) -> None:
    """Counted from the oldest of a folder."""
    cache.put_many("sha256", {FileKey(1, 1): KeptDigests(NOW - 61, b"old"), FileKey(1, 2): KeptDigests(NOW - 59, b"x")})
    assert set(cache.get_many("sha256", [FileKey(1, 1), FileKey(1, 2)])) == {FileKey(1, 2)}


def test_the_oldest_make_room(cache: HashCache) -> None:
    """There is never more than may be kept, and what was made last is there."""
    for age in range(50):
        cache.put_many("sha256", {FileKey(1, age): KeptDigests(NOW - age, bytes(10_000))})
    found = cache.get_many("sha256", [FileKey(1, age) for age in range(50)])
    assert sorted(key.inode for key in found) == list(range(9))
