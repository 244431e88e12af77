"""What unsigned jobs may do, with a real keeper and a real worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from optimizer import settings as configuration
from optimizer.cli.stack.programs import service
from optimizer.cli.stack.redis import free_port
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.kinds import Resource
from workers.app import broker_url


@pytest.fixture
def other_service(redis_url: str, tmp_path: Path) -> Iterator[Celery]:
    """A stock client beside a service that lets unsigned jobs change the host."""
    environment = configuration.child_environment(
        {
            "HRO_HOST": "open",
            "HRO_PORT": str(free_port()),
            "HRO_REDIS_URL": redis_url,
            "HRO_STATE_DIR": str(tmp_path),
            "HRO_QUEUE_SCOPES": "read,plan,apply",
        },
        inherit=False,
    )
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(*service(environment, [Resource.MEMORY]))
        with Celery(broker=broker_url(redis_url), backend=broker_url(redis_url)) as stock:
            yield stock


def test_an_unsigned_change_runs_where_it_is_allowed(other_service: Celery) -> None:
    """With apply in HRO_QUEUE_SCOPES, writing to the broker is the authority."""
    result = other_service.send_task("optimizer.optimize_memory", queue="memory").get(timeout=30)
    assert (result["dry_run"], result["status"]) == (False, "completed")
    assert result["verdict"] in ("improved", "no_effect", "made_worse")
