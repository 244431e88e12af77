"""The service's own programs, as a supervisor starts them: the API, workers, the keeper, beat and Flower."""

import errno
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from optimizer import settings as configuration
from optimizer.cli.client import Client
from optimizer.cli.commands import (
    FOLDER,
    WORKER_ENVIRONMENT,
    api_command,
    beat_command,
    flower_command,
    flower_environment,
    keeper_command,
    worker_command,
)
from optimizer.cli.errors import RefusedError
from optimizer.cli.stack import scratch
from optimizer.cli.stack.redis import answers, find_server, private_redis
from optimizer.cli.stack.supervisor import Program, Supervisor
from optimizer.errors import SettingsError, StoreUnavailableError
from optimizer.host.clock import SystemClock
from optimizer.kinds import Resource
from optimizer.settings import Settings
from optimizer.store.connection import connect
from optimizer.store.vitals import Vitals

#: Seconds for a Redis to connect and to answer, while we wait for workers
_TIMEOUTS = (1.0, 1.0)


def start(
    supervisor: Supervisor,
    overrides: Mapping[str, str],
    resources: Iterable[Resource],
    *,
    inherit: bool = True,
    yes: bool = False,
    lock: int | None = None,
    with_extras: bool = False,
) -> Settings:
    """Start the service: a private Redis, unless HRO_REDIS_URL names one, then the API, workers and the keeper.

    `with_extras`: beat and Flower as well.

    `overrides`, HRO_STATE_DIR among them, are set on top of this process's environment; without `inherit`
    nothing of the product's settings is taken from that. `yes`: install Redis through sudo without asking.
    `lock` stays open in Redis. Returns the settings with which the service runs.
    """
    given = configuration.load()
    url = given.redis_url.get_secret_value()
    if "redis_url" not in given.model_fields_set:
        folder = Path(overrides["HRO_STATE_DIR"]) / "redis"
        redis = private_redis(find_server(yes=yes), folder, pass_fds=() if lock is None else (lock,))
        supervisor.start(redis.program)
        overrides = {**overrides, "HRO_REDIS_URL": redis.url}
    elif not answers(url):
        raise StoreUnavailableError(
            "No Redis answers at HRO_REDIS_URL; start it, or leave that unset for a private one"
        )
    elif not inherit:
        overrides = {**overrides, "HRO_REDIS_URL": url}
    environment = configuration.child_environment(overrides, inherit=inherit)
    supervisor.start(*service(environment, resources))
    if with_extras:
        supervisor.start(*extras(environment))
    return configuration.load(environment)


def service(environment: Mapping[str, str], resources: Iterable[Resource]) -> list[Program]:
    """The API, a worker for each of `resources` and the keeper, all with this environment.

    Raises SettingsError where it does not do as one.
    """
    settings = configuration.load(environment)
    client = Client(local_address(settings))
    counters = api_scratch(settings)
    api = Program(
        name="api",
        command=tuple(api_command(settings)),
        environment={**environment, configuration.SHARED_METRICS: str(counters)},
        folder=Path(FOLDER),
        scratch=counters,
        is_ready=lambda _pid: client.is_ready(),
    )
    vitals = Vitals(redis=connect(settings.redis_url.get_secret_value(), _TIMEOUTS), clock=SystemClock())
    workers = [
        Program(
            name=f"worker-{resource}",
            command=tuple(worker_command(settings, resource)),
            environment={**environment, **WORKER_ENVIRONMENT},
            folder=Path(FOLDER),
            is_ready=lambda pid: _beats(vitals, pid, settings.host),
        )
        for resource in resources
    ]
    keeper = Program(
        name="keeper",
        command=tuple(keeper_command()),
        environment=environment,
        folder=Path(FOLDER),
        is_ready=lambda pid: _beats(vitals, pid, settings.host),
    )
    return [api, *workers, keeper]


def api_scratch(settings: Settings) -> Path:
    """Where the API's processes add up what each of them counts."""
    return scratch.place("api", settings.state_dir.absolute(), settings.bind, settings.port)


def extras(environment: Mapping[str, str]) -> list[Program]:
    """Beat, which starts jobs by itself, and Flower, for people to look at. Raises SettingsError."""
    settings = configuration.load(environment)
    beat = Program(name="beat", command=tuple(beat_command(settings)), environment=environment, folder=Path(FOLDER))
    flower = Program(
        name="flower",
        command=tuple(flower_command(settings)),
        environment={**environment, **flower_environment(settings)},
        folder=Path(FOLDER),
        is_ready=lambda _pid: _listens(settings.flower_bind, settings.flower_port),
    )
    return [beat, flower]


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def _beats(vitals: Vitals, pid: int, host: str) -> bool:
    try:
        beats = vitals.workers().values()
    except StoreUnavailableError:
        return False
    return any(beat["alive"] and (beat.get("pid"), beat.get("host")) == (pid, host) for beat in beats)


def local_address(settings: Settings) -> str:
    """Where this machine reaches the API."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.bind, settings.bind)  # noqa: S104 - a name, no bind
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def check_ports(settings: Settings) -> None:
    """Raises RefusedError where something listens on a port of ours, SettingsError where nothing can."""
    check_api_port(settings)
    _check_port(settings.flower_bind, settings.flower_port, "HRO_FLOWER_BIND", "HRO_FLOWER_PORT")


def check_api_port(settings: Settings) -> None:
    """The same for the API's port. Two servers of one user can share a port, and nobody would notice."""
    _check_port(settings.bind, settings.port, "HRO_BIND", "HRO_PORT")


def _check_port(address: str, port: int, address_setting: str, port_setting: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise RefusedError(
                f"Port {port} of {address} is taken. Stop what listens there, or choose another: "
                f"{port_setting}={port + 1} (0 for any that is free)"
            ) from None
        raise SettingsError(
            f"{address_setting}={address} with {port_setting}={port} cannot be used: {error.strerror or error}"
        ) from None
