"""What the whole suite stands on: a clean environment, and servers of its own where a test asks for one."""

import os
import shutil
from collections.abc import Iterator

import pytest

from optimizer.cli.stack.redis import installed_server, private_redis
from optimizer.cli.stack.supervisor import Supervisor
from tests.servers import RABBITMQ, start_rabbitmq

# What the person who runs the tests has set for a service of theirs must not reach ours
for _name in [name for name in os.environ if name.startswith("HRO_")]:  # noqa: TID251 - to clean it
    del os.environ[_name]  # noqa: TID251 - to clean it


def missing(what: str) -> None:
    """Leave a test out that this machine cannot run; in continuous integration nothing may be left out."""
    if os.environ.get("CI"):  # noqa: TID251 - CI tells it in no other way
        pytest.fail(f"{what} is missing, and CI leaves no test out")
    pytest.skip(f"{what} is missing; `make test` installs it")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private Redis for the whole run. A test that needs it empty empties it."""
    server = installed_server()
    if server is None:
        missing("redis-server")
        return
    folder = tmp_path_factory.mktemp("redis")
    redis = private_redis(server, folder)
    with Supervisor(folder) as supervisor:
        supervisor.start(redis.program)
        yield redis.url


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private RabbitMQ for the whole run."""
    if not (RABBITMQ.exists() and shutil.which("epmd")):
        missing("rabbitmq-server")
    server = start_rabbitmq(tmp_path_factory.mktemp("rabbitmq"))
    try:
        yield server.url
    finally:
        server.stop()
