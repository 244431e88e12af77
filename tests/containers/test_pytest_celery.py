"""A worker of ours under pytest-celery: its fixtures, its client, our image, one Redis for all."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from pytest_celery import (
    CeleryBackendCluster,
    CeleryBrokerCluster,
    CeleryTestSetup,
    CeleryTestWorker,
    CeleryWorkerContainer,
    RedisContainer,
    RedisTestBackend,
    RedisTestBroker,
)
from pytest_docker_tools import container, fxtr

HOST = "lab"


class ReachableRedis(RedisContainer):
    """Reached where pytest-docker-tools says, which need not be localhost: the tests may run in a container, too."""

    @property
    def host_url(self) -> str:
        host, port = self.get_addr("6379/tcp")
        return f"redis://{host}:{port}/0"


class OurWorker(CeleryWorkerContainer):
    """The memory worker of the image; nothing of pytest-celery's is put into it."""

    @classmethod
    def worker_name(cls) -> str:
        return "memory"

    @classmethod
    def worker_queue(cls) -> str:
        return f"memory.{HOST}"


default_redis_broker = container(
    image=os.environ.get("HRO_REDIS_IMAGE", "redis:7-bookworm"),  # noqa: TID251 - as the compose file takes it
    ports={"6379/tcp": None},
    network="{default_pytest_celery_network.name}",
    wrapper_class=ReachableRedis,
    command=RedisContainer.command(),
    tmpfs={"/data": ""},  # else its image makes a volume, which nobody removes
    timeout=60,
)


@pytest.fixture
def celery_broker_cluster(default_redis_broker: RedisContainer) -> Iterator[CeleryBrokerCluster]:
    cluster = CeleryBrokerCluster(RedisTestBroker(default_redis_broker))
    yield cluster
    cluster.teardown()


@pytest.fixture
def celery_backend_cluster(default_redis_broker: RedisContainer) -> Iterator[CeleryBackendCluster]:
    """Our results stand beside the broker's messages, so it is the same Redis."""
    cluster = CeleryBackendCluster(RedisTestBackend(default_redis_broker))
    yield cluster
    cluster.teardown()


@pytest.fixture
def our_environment(default_redis_broker: RedisContainer) -> dict[str, str]:
    return {"HRO_HOST": HOST, "HRO_REDIS_URL": default_redis_broker.url}


default_worker_container = container(
    image="{image}",
    environment=fxtr("our_environment"),
    network="{default_pytest_celery_network.name}",
    wrapper_class=OurWorker,
    command=["worker", "memory"],
    timeout=60,
)


@pytest.fixture
def celery_worker(default_worker_container: OurWorker, celery_setup_app: Celery) -> Iterator[CeleryTestWorker]:
    worker = CeleryTestWorker(container=default_worker_container, app=celery_setup_app)
    yield worker
    worker.teardown()


def send(setup: CeleryTestSetup, task: str, **options: Any) -> Any:
    """As any Celery client would, onto the worker's own queue."""
    return setup.app.send_task(task, kwargs=options, queue=f"memory.{HOST}").get(timeout=30)


def test_a_task_of_pytest_celerys_client_is_run(celery_setup: CeleryTestSetup) -> None:
    """It gets a record first, then runs, and its result is read as usual."""
    assert send(celery_setup, "optimizer.optimize_memory", dry_run=True)["verdict"] == "planned"


def test_a_change_of_an_unsigned_client_is_refused(celery_setup: CeleryTestSetup) -> None:
    """The client hears why."""
    with pytest.raises(Exception, match="HRO_QUEUE_SCOPES"):
        send(celery_setup, "optimizer.optimize_memory")


def test_the_worker_answers_a_ping(celery_setup: CeleryTestSetup) -> None:
    """By its stable name."""
    answers = celery_setup.app.control.ping(timeout=5)
    assert [name for answer in answers for name in answer] == [f"memory@{HOST}"]
