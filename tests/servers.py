"""Private servers for tests: each in a folder of its own, on free ports, ended with the test run however that ends."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import amqp

from optimizer.cli.stack.child import Child, end_all
from optimizer.cli.stack.redis import free_port
from optimizer.settings import child_environment

#: The server itself. The one on PATH changes to another user and forgets its environment.
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class RabbitMQ:
    folder: Path
    port: int
    children: Sequence[Child]

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def pid(self) -> int:
        """The broker's own process, for tests that kill it."""
        return int((self.folder / "broker.pid").read_text())

    def stop(self) -> None:
        """End it in good order. Its queues stay in the folder, for another start there."""
        end_all(self.children)


def start_rabbitmq(folder: Path, port: int = 0) -> RabbitMQ:
    """A broker whose data are in `folder`, on `port` or a free one, once it takes connections."""
    children: list[Child] = []
    server = RabbitMQ(folder, port or free_port(), children)
    _write_configuration(folder)
    epmd_port = free_port()
    environment = child_environment(_variables(folder, server.port, epmd_port))
    with ExitStack() as stack:
        stack.callback(end_all, children, 0)
        # Erlang's table of nodes, in the foreground: the one that a node starts by itself would outlive it
        epmd = ["epmd", "-port", str(epmd_port), "-address", "127.0.0.1"]
        children.append(Child("epmd", epmd, folder / "epmd.log", environment=environment))
        children.append(Child("rabbitmq", [str(RABBITMQ)], folder / "rabbitmq.log", environment=environment))
        _wait_until_ready(server)
        stack.pop_all()
    return server


def _write_configuration(folder: Path) -> None:
    (folder / "home").mkdir(parents=True, exist_ok=True)
    for name, text in {"rabbitmq.conf": "", "rabbitmq-env.conf": "", "enabled_plugins": "[].\n"}.items():
        (folder / name).write_text(text)


def _variables(folder: Path, port: int, epmd_port: int) -> dict[str, str]:
    erlang = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none"
    return {
        "HOME": str(folder / "home"),  # the cookie is made there
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": "hro@localhost",  # a name that resolves in a container, too
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "broker.pid"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": erlang,
    }


def _wait_until_ready(server: RabbitMQ) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _answers(server.port):
        if ended := [child for child in server.children if child.ended]:
            raise RuntimeError(f"{ended[0].name} ended at once:\n{ended[0].tail()}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"RabbitMQ is not ready:\n{server.children[-1].tail()}")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with amqp.Connection(f"127.0.0.1:{port}", connect_timeout=1, read_timeout=1, write_timeout=1):
            return True
    except (OSError, amqp.AMQPError):
        return False
