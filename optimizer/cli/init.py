"""`hro init`: makes the secrets of a stack of containers, once, and prints the first API key.

Each kind of reader has a folder of its own, which its containers mount read-only.
"""

import argparse
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from optimizer.cli.errors import Exit
from optimizer.cli.keys import KEYS_FILE, add_key
from optimizer.host.clock import SystemClock
from optimizer.kinds import Scope

_SCOPES = (Scope.READ, Scope.PLAN, Scope.APPLY)
#: Redis and RabbitMQ run under uids of their own, in containers that mount nothing but their folder
_FOR_OTHERS = 0o444
_FOR_US = 0o400


def run(arguments: argparse.Namespace) -> int:
    ours: Path = arguments.ours
    if (ours / KEYS_FILE).exists():
        print("The secrets are there already; for one more API key: hro key new")
        return Exit.DONE
    redis_password, rabbitmq_password = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    _write(arguments.redis, {"redis.conf": redis_conf(redis_password)}, _FOR_OTHERS)
    _write(arguments.rabbitmq, {"rabbitmq.conf": rabbitmq_conf(rabbitmq_password)}, _FOR_OTHERS)
    _write(
        ours,
        {
            "redis-url": f"redis://:{redis_password}@redis:6379/0",
            "amqp-url": f"amqp://hro:{rabbitmq_password}@rabbitmq:5672/hro",
            "signing-key": secrets.token_urlsafe(32),
            "flower-auth": f"hro:{secrets.token_urlsafe(32)}",
        },
        _FOR_US,
    )
    key = add_key(ours / KEYS_FILE, _SCOPES, SystemClock().now())  # last: it says that all is there
    print(f"API key, with scopes {', '.join(_SCOPES)}; only its hash is kept:\n  {key}\nAddress: {arguments.address}")
    return Exit.DONE


def redis_conf(password: str) -> str:
    """A Redis that keeps what it has accepted, and refuses new jobs rather than dropping old ones when it is full."""
    lines = (
        "bind * -::*",
        f"requirepass {password}",
        "dir /data",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
    )
    return "\n".join(lines) + "\n"


def rabbitmq_conf(password: str) -> str:
    """A RabbitMQ with one user, for one virtual host; there is no guest."""
    return f"default_vhost = hro\ndefault_user = hro\ndefault_pass = {password}\n"


def _write(folder: Path, files: Mapping[str, str], mode: int) -> None:
    """Write each file anew; one that an interrupted run left is replaced."""
    for name, text in files.items():
        (folder / name).unlink(missing_ok=True)
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        (folder / name).chmod(mode)  # whatever the umask took away
