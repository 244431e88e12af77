"""What the cache in memory does besides what every hash cache does."""

from optimizer.hashing.memory_cache import MemoryHashCache, NullHashCache
from optimizer.ports import CachedDigest, FileKey, FileState
from tests.fakes.clock import FakeClock

ENTRY = CachedDigest(FileState(1, 2, 3), b"digest")


def test_an_entry_is_forgotten_after_its_time() -> None:
    """Used or not."""
    clock = FakeClock()
    cache = MemoryHashCache(ttl_seconds=60, capacity=10, clock=clock)
    cache.put_many("sha256", {FileKey(1, 1): ENTRY})
    clock.move(59)
    assert cache.get_many("sha256", [FileKey(1, 1)])
    clock.move(1)
    assert not cache.get_many("sha256", [FileKey(1, 1)])


def test_what_was_not_used_for_longest_goes_first() -> None:
    """An entry that was asked for stays."""
    cache = MemoryHashCache(ttl_seconds=60, capacity=2, clock=FakeClock())
    for inode in (1, 2):
        cache.put_many("sha256", {FileKey(1, inode): ENTRY})
    cache.get_many("sha256", [FileKey(1, 1)])
    cache.put_many("sha256", {FileKey(1, 3): ENTRY})
    assert set(cache.get_many("sha256", [FileKey(1, inode) for inode in (1, 2, 3)])) == {FileKey(1, 1), FileKey(1, 3)}


def test_no_cache_knows_nothing() -> None:
    """Where the lifetime or the capacity is set to zero."""
    cache = NullHashCache()
    cache.put_many("sha256", {FileKey(1, 1): ENTRY})
    assert cache.get_many("sha256", [FileKey(1, 1)]) == {}
