"""`hro api` and `hro worker`: this process becomes the server, so that signals and process ids are the server's."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import NoReturn

from optimizer import settings as configuration
from optimizer.kinds import Resource
from optimizer.settings import Settings

#: For requests that wait: 16 analyses and the open event streams, with room for everybody else
_API_THREADS = 64

#: What a worker needs in its environment: a TERM lets running jobs end, for a while, or gives them back
WORKER_ENVIRONMENT: Mapping[str, str] = {"REMAP_SIGTERM": "SIGQUIT"}

#: Where the servers run: Celery looks for an app in the current folder first, where a stranger's `workers` may be
FOLDER = "/"


def api_command(settings: Settings) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "granian", "--interface", "wsgi", "api.wsgi:app"),
        *("--host", settings.bind, "--port", str(settings.port)),
        *("--workers", "1", "--blocking-threads", str(_API_THREADS), "--no-ws"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "5"),
        *("--log-level", settings.log_level.lower()),
    ]


def worker_command(settings: Settings, resource: Resource) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "celery", "--app", "workers.app", "--quiet", "worker"),
        *("--queues", f"{resource}.{settings.host}", "--hostname", f"{resource}@{settings.host}"),
        *("--concurrency", str(settings.concurrency), "--loglevel", settings.log_level),
        # A worker minds its own queue; it has nothing to say to the others
        *("--without-gossip", "--without-mingle"),
    ]


def api(_arguments: argparse.Namespace) -> NoReturn:
    _become(api_command(configuration.load()), {})


def worker(arguments: argparse.Namespace) -> NoReturn:
    _become(worker_command(configuration.load(), Resource(arguments.resource)), WORKER_ENVIRONMENT)


def _become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    passed = configuration.child_environment(environment)
    os.chdir(FOLDER)
    os.execve(command[0], command, passed)  # noqa: S606 - no shell is the point
