"""How each of the service's programs is started. Pure."""

import sys
from collections.abc import Mapping

from optimizer.errors import SettingsError
from optimizer.kinds import Resource
from optimizer.settings import Settings

#: Of each process, for requests that wait: 16 analyses and the open event streams, with room for everybody else
_API_THREADS = 64

#: Seconds from asking a job to stop to killing its process
_TIME_TO_STOP = 30

#: What a worker needs in its environment: a TERM lets running jobs end, for a while, or gives them back
WORKER_ENVIRONMENT: Mapping[str, str] = {"REMAP_SIGTERM": "SIGQUIT"}

#: Flower keeps so many tasks in memory; its own default is ten times as many
_FLOWER_TASKS = 10_000

#: Where the servers run: Celery looks for an app in the current folder first, where a stranger's `workers` may be
FOLDER = "/"


def api_command(settings: Settings) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "granian", "--interface", "wsgi", "api.wsgi:app"),
        *("--host", settings.bind, "--port", str(settings.port)),
        *("--workers", str(settings.api_processes), "--blocking-threads", str(_API_THREADS), "--no-ws"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "5"),
        *("--log-level", settings.log_level.lower()),
    ]


def worker_command(settings: Settings, resource: Resource) -> list[str]:
    seconds = settings.time_limits.get(resource, settings.time_limit_seconds)
    mebibytes = settings.memory_limits_mb.get(resource, settings.memory_limit_mb)
    return [
        *(sys.executable, "-P", "-m", "celery", "--app", "workers.app", "--quiet", "worker"),
        *("--queues", f"{resource}.{settings.host}", "--hostname", f"{resource}@{settings.host}"),
        *("--concurrency", str(settings.concurrency), "--loglevel", settings.log_level),
        *("--soft-time-limit", str(seconds), "--time-limit", str(seconds + _TIME_TO_STOP)),
        *("--max-memory-per-child", str(mebibytes * 1024)),
        # A worker minds its own queue; it has nothing to say to the others
        *("--without-gossip", "--without-mingle"),
    ]


def keeper_command() -> list[str]:
    return [sys.executable, "-P", "-m", "workers.keeper"]


def beat_command(settings: Settings) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "celery", "--app", "workers.app", "--quiet", "beat"),
        *("--scheduler", "workers.schedule:StoreScheduler"),
        *("--schedule", str(settings.state_dir / "beat"), "--pidfile=", "--loglevel", settings.log_level),
    ]


def flower_command(settings: Settings) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "celery", "--app", "workers.app", "--quiet", "flower"),
        f"--address={settings.flower_bind}",
        f"--port={settings.flower_port}",
        f"--max_tasks={_FLOWER_TASKS}",
        "--read_only=True",
        f"--logging={settings.log_level.lower()}",
    ]


def flower_environment(settings: Settings) -> Mapping[str, str]:
    """The password goes by environment: a command line is for everybody to read. Raises SettingsError."""
    if settings.flower_auth is None or ":" not in settings.flower_auth.get_secret_value():
        raise SettingsError("HRO_FLOWER_AUTH must be user:password; without one everybody could look at every task")
    return {"FLOWER_BASIC_AUTH": settings.flower_auth.get_secret_value()}
