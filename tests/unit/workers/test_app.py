"""The address of the broker."""

import pytest

from workers.app import broker_url


@pytest.mark.parametrize(
    ("redis_url", "kombu_url"),
    [
        ("redis://127.0.0.1:6379/3", "redis://127.0.0.1:6379/3"),
        ("rediss://user:pw@example.org/0", "rediss://user:pw@example.org/0"),
        ("unix:///run/hro/redis.sock?db=2", "redis+socket:///run/hro/redis.sock?virtual_host=2"),
        ("unix:///run/hro/redis.sock", "redis+socket:///run/hro/redis.sock?virtual_host=0"),
    ],
)
def test_the_broker_is_the_store_in_kombus_spelling(redis_url: str, kombu_url: str) -> None:
    """One server and one database, whichever library connects to it."""
    assert broker_url(redis_url) == kombu_url
