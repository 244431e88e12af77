"""Where the parts are, as far as it follows from the settings alone."""

import pytest

from optimizer.bootstrap import next_database


@pytest.mark.parametrize(
    ("store", "cache"),
    [
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379?db=1"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379?db=1"),
        ("rediss://user:pw@example.org:6380/3", "rediss://user:pw@example.org:6380?db=4"),
        ("redis://h/?db=2&protocol=3", "redis://h?protocol=3&db=3"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=1"),
        ("unix://:pw@/run/redis.sock?db=4", "unix://:pw@/run/redis.sock?db=5"),
    ],
)
def test_the_hash_cache_is_in_the_database_after_the_stores(store: str, cache: str) -> None:
    """On the same server, with the same credentials."""
    assert next_database(store) == cache
