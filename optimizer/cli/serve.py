"""`hro api`, `worker`, `keeper`, `beat`, `flower`: this process becomes the server.

So signals and process ids are the server's.
"""

import argparse
import os
from collections.abc import Mapping
from typing import NoReturn

from optimizer import settings as configuration
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
from optimizer.cli.stack import scratch
from optimizer.cli.stack.programs import api_scratch, check_api_port
from optimizer.cli.stack.redis import free_port
from optimizer.cli.stack.state import make_private
from optimizer.kinds import Resource


def keeper(_arguments: argparse.Namespace) -> NoReturn:
    configuration.load()
    _become(keeper_command(), {})


def beat(_arguments: argparse.Namespace) -> NoReturn:
    settings = configuration.load()
    make_private(settings.state_dir)
    _become(beat_command(settings), {})


def flower(_arguments: argparse.Namespace) -> NoReturn:
    settings = configuration.load()
    _become(flower_command(settings), flower_environment(settings))


def api(_arguments: argparse.Namespace) -> NoReturn:
    settings = configuration.load()
    check_api_port(settings)
    if not settings.port:  # its processes must all listen on the same one
        settings = settings.model_copy(update={"port": free_port()})
    counters = api_scratch(settings)
    scratch.make(counters)
    _become(api_command(settings), {configuration.SHARED_METRICS: str(counters)})


def worker(arguments: argparse.Namespace) -> NoReturn:
    _become(worker_command(configuration.load(), Resource(arguments.resource)), WORKER_ENVIRONMENT)


def _become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    passed = configuration.child_environment(environment)
    os.chdir(FOLDER)
    os.execve(command[0], command, passed)  # noqa: S606 - no shell is the point
