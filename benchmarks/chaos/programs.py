"""The programs of a run: those that `hro up` starts, with the harness' own entry for workers, and a second host's."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.chaos.faults import Part
from optimizer import settings as configuration
from optimizer.cli.commands import FOLDER, beat_command
from optimizer.cli.stack.programs import service
from optimizer.cli.stack.redis import free_port
from optimizer.cli.stack.supervisor import Program
from optimizer.kinds import Resource

HOST, SECOND_HOST = "chaos", "chaos-2"
#: Where `benchmarks` is found
_SOURCES = Path(__file__).parents[2]
_SCHEDULES = """
[often]
kind = "analyze_cpu"
every = "5s"

[sometimes]
kind = "optimize_cpu"
every = "20s"
options = { dry_run = true }
"""


def environment(folder: Path, disk: Path, *, redis_url: str, amqp_url: str | None) -> dict[str, str]:
    """Of all programs. `folder` has the files of the settings, `disk` the state and the root for changes."""
    (folder / "signing-key").write_text(secrets.token_hex())
    (folder / "schedules.toml").write_text(_SCHEDULES)
    return configuration.child_environment(
        {
            "HRO_HOST": HOST,
            "HRO_PORT": str(free_port()),
            "HRO_REDIS_URL": redis_url,
            **({"HRO_AMQP_URL": amqp_url} if amqp_url else {}),
            "HRO_STATE_DIR": str(disk / "state"),
            "HRO_ROOTS": str(disk / "data"),
            "HRO_SCAN_ROOTS": str(disk / "data"),
            "HRO_API_KEYS_FILE": str(folder / "keys.json"),
            "HRO_SIGNING_KEY_FILE": str(folder / "signing-key"),
            "HRO_SCHEDULES": str(folder / "schedules.toml"),
            "HRO_CONCURRENCY": "2",
            "HRO_LEASE_SECONDS": "3",  # the shortest there is, so that a run sees many of them end
            "PYTHONPATH": str(_SOURCES),
        },
        inherit=False,
    )


def programs(
    environment: Mapping[str, str], folder: Path, resources: Iterable[Resource], *, worker: str, hosts: int
) -> list[tuple[Part, Program]]:
    """The API, workers whose app is in the module `worker`, and for each of so many hosts a keeper and a beat."""
    api, *rest = service(environment, resources)
    workers = [replace(each, command=_with_app(each.command, worker)) for each in rest if each.name != "keeper"]
    found = [(Part.API, api), *((Part.WORKER, each) for each in workers)]
    for host in (HOST, SECOND_HOST)[:hosts]:
        of_host = {**environment, "HRO_HOST": host, "HRO_DEFAULT_HOST": HOST, "HRO_STATE_DIR": str(folder / host)}
        (folder / host).mkdir()
        keeper = service(of_host, [])[-1]
        found.append((Part.KEEPER, replace(keeper, name=f"keeper-{host}")))
        found.append((Part.BEAT, _beat(of_host, f"beat-{host}")))
    return found


def _with_app(command: tuple[str, ...], module: str) -> tuple[str, ...]:
    place = command.index("--app") + 1
    return (*command[:place], module, *command[place + 1 :])


def _beat(environment: Mapping[str, str], name: str) -> Program:
    command = beat_command(configuration.load(environment))
    return Program(name=name, command=tuple(command), environment=environment, folder=Path(FOLDER))
