"""How health is judged."""

from typing import Any

import pytest

from api.health import Signs, judge
from optimizer.kinds import Resource
from optimizer.store.vitals import QueueState

ALL = {f"{resource}@here": {"host": "here", "resource": resource.value, "alive": True} for resource in Resource} | {
    f"{role}@here": {"host": "here", "role": role, "alive": True} for role in ("keeper", "beat")
}


def without(name: str) -> dict[str, Any]:
    return {other: facts for other, facts in ALL.items() if other != name}


def signs(**changed: Any) -> Signs:
    usual: dict[str, Any] = {
        "workers": ALL, "queues": [], "system": {"disks": []}, "job_host": "here", "has_amqp": False,
        "has_signing_key": True, "has_schedules": True,
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
        *[({"workers": without(name)}, f"No worker {name}: its jobs wait") for name in ALL if "resource" in ALL[name]],
        ({"workers": without("keeper@here")}, "No keeper: events"),
        ({"workers": without("beat@here")}, "No beat: nothing that is scheduled is started"),
        ({"workers": ALL | {"beat@here": ALL["beat@here"] | {"alive": False}}}, "No beat"),
    ],
)
def test_what_is_not_right_degrades_it_and_is_said(changed: dict[str, Any], warning: str) -> None:
    """A warning is a sentence that names what to look at."""
    judged = judge(signs(**changed))
    assert judged["status"] == "degraded"
    assert any(warning in said for said in judged["warnings"])


def test_without_a_schedule_no_beat_is_missed() -> None:
    """And where there is one, a beat of another host does as well: whichever comes first starts what is due."""
    elsewhere = without("beat@here") | {"beat@there": {"host": "there", "role": "beat", "alive": True}}
    assert judge(signs(workers=without("beat@here"), has_schedules=False))["status"] == "healthy"
    assert judge(signs(workers=elsewhere))["status"] == "healthy"


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
