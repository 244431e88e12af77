"""How health is judged."""

from typing import Any

import pytest

from api.health import Signs, judge
from optimizer.kinds import Resource
from optimizer.store.vitals import QueueState

ALL = {f"{resource}@here": {"host": "here", "resource": resource.value, "alive": True} for resource in Resource} | {
    "keeper@here": {"host": "here", "role": "keeper", "alive": True}
}


def signs(**changed: Any) -> Signs:
    usual: dict[str, Any] = {
        "workers": ALL, "queues": [], "system": {"disks": []}, "job_host": "here", "has_amqp": False,
        "has_signing_key": True,
    }  # fmt: skip
    return Signs(**(usual | changed))


def test_with_all_workers_there_it_is_healthy() -> None:
    """RabbitMQ and Docker are unavailable where they are not set up, which is no fault."""
    judged = judge(signs())
    assert (judged["status"], judged["warnings"]) == ("healthy", [])
    assert judged["dependencies"] == {
        "redis": "healthy", "rabbitmq": "unavailable", "docker": "unavailable", "workers": "healthy"
    }  # fmt: skip


def test_without_redis_it_is_unhealthy() -> None:
    """The one state in which no job can be taken."""
    judged = judge(signs(workers=None))
    assert (judged["status"], judged["dependencies"]["redis"]) == ("unhealthy", "unhealthy")


@pytest.mark.parametrize(
    ("changed", "warning"),
    [
        ({"workers": {}}, "No worker memory@here"),
        ({"system": {"disks": [{"mountpoint": "/srv", "percent": 93.2}]}}, "/srv is 93 % full"),
        ({"queues": [QueueState(name="storage.gone", waiting=2, oldest_seconds=9)]}, "storage.gone, which no worker"),
        ({"outbox": 100_001}, "100001 events wait"),
        ({"has_signing_key": False}, "HRO_SIGNING_KEY"),
        ({"has_amqp": True}, "RabbitMQ"),
        ({"workers": {name: facts for name, facts in ALL.items() if "role" not in facts}}, "No keeper"),
    ],
)
def test_what_is_not_right_degrades_it_and_is_said(changed: dict[str, Any], warning: str) -> None:
    """A warning is a sentence that names what to look at."""
    judged = judge(signs(**changed))
    assert judged["status"] == "degraded"
    assert any(warning in said for said in judged["warnings"])


@pytest.mark.parametrize("percent", [12.0, 90.0])
def test_a_disk_that_is_not_over_ninety_percent_is_no_warning(percent: float) -> None:
    """The limit itself is still in order."""
    disk = {"mountpoint": "/", "percent": percent}
    assert judge(signs(system={"disks": [disk]}))["status"] == "healthy"


def test_rabbitmq_is_as_the_keeper_finds_it() -> None:
    """With an address set, healthy once the keeper is connected."""
    keeper = ALL["keeper@here"] | {"rabbitmq": {"state": "healthy", "reason": None}}
    judged = judge(signs(has_amqp=True, workers=ALL | {"keeper@here": keeper}))
    assert (judged["status"], judged["dependencies"]["rabbitmq"]) == ("healthy", "healthy")


def test_the_docker_engine_is_as_its_worker_saw_it() -> None:
    """The API itself never asks an engine."""
    workers = ALL | {"docker@here": ALL["docker@here"] | {"docker": {"state": "unhealthy", "reason": "hangs"}}}
    assert judge(signs(workers=workers))["dependencies"]["docker"] == "unhealthy"
