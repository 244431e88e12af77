"""`hro init`: makes the secrets of a stack of containers where they are missing, and prints the first API key.

Each folder is a volume of its own, and a container mounts only those that it needs. A secret that is there stays; what
Redis and RabbitMQ read of it are hashes, written anew each time, so that both always agree.
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from optimizer.cli.errors import Exit
from optimizer.cli.keys import KEYS_FILE, add_key
from optimizer.host.clock import SystemClock
from optimizer.kinds import Scope

_SCOPES = (Scope.READ, Scope.PLAN, Scope.APPLY)
_FOR_US = 0o400
#: For containers that may run under another uid than ours
_FOR_OTHERS = 0o444

#: What the service does at Redis, and nothing that empties, stops or configures it. Celery needs scripts that it loads
#: itself, so single commands are taken away instead of given. `health` is for Redis's own health check.
_USERS_ACL = """\
user default off
user health on nopass +ping
user hro on #{sha256} ~* &* +@all -@admin -@dangerous +info -keys -eval -script|flush -script|kill -function -fcall
"""

#: It keeps what it has accepted, and when it is full, refuses new jobs instead of dropping old ones. Its container may
#: have twice as much memory: while it rewrites its file, pages that change exist twice.
_REDIS_CONF = """\
aclfile {folder}/users.acl
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
"""

#: Half of what its container may have. It does not see that limit, and would stop publishers far above it.
_RABBITMQ_CONF = """\
load_definitions = {folder}/definitions.json
vm_memory_high_watermark.absolute = 512MiB
"""

_EXCHANGE = "optimization_events"  # as in workers/keeper/publisher.py, which nothing here may import
#: Whoever listens names queues `events.…` or lets RabbitMQ name them. Patterns of what may be declared, written, read
_LISTENERS_QUEUES = r"^(events\.|amq\.gen)"
_PERMISSIONS = {
    "hro": (f"^{_EXCHANGE}$", f"^{_EXCHANGE}$", "^$"),
    "listener": (_LISTENERS_QUEUES, _LISTENERS_QUEUES, rf"{_LISTENERS_QUEUES}|^{_EXCHANGE}$"),
}


def run(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    make_secrets(folder)
    keys = folder / "api" / KEYS_FILE
    if keys.exists():
        print(f"The secrets are there. For one more API key: hro key new --file {keys}")
    else:
        print(f"API key, with scopes {', '.join(_SCOPES)}; only its hash is kept:")
        print(f"  {add_key(keys, _SCOPES, SystemClock().now())}\nAddress: {arguments.address}")
    return Exit.DONE


def make_secrets(folder: Path) -> None:
    redis = _password(_kept(folder / "store/redis-url", "redis://hro:{}@redis:6379/0", _FOR_OTHERS))
    publisher = _password(_kept(folder / "amqp/amqp-url", "amqp://hro:{}@rabbitmq:5672/hro"))
    listener = _password(_kept(folder / "listener/amqp-url", "amqp://listener:{}@rabbitmq:5672/hro"))
    _kept(folder / "signing/signing-key", "{}", _FOR_OTHERS)
    _kept(folder / "flower/flower-auth", "hro:{}")
    for name, text in {
        "redis/users.acl": _USERS_ACL.format(sha256=hashlib.sha256(redis.encode()).hexdigest()),
        "redis/redis.conf": _REDIS_CONF.format(folder=folder / "redis"),
        "rabbitmq/definitions.json": json.dumps(definitions({"hro": publisher, "listener": listener})),
        "rabbitmq/rabbitmq.conf": _RABBITMQ_CONF.format(folder=folder / "rabbitmq"),
        "rabbitmq/enabled_plugins": "[].\n",  # not even the management plugin
    }.items():
        _write(folder / name, text, _FOR_OTHERS)


def definitions(passwords: dict[str, str]) -> dict[str, Any]:
    """One virtual host with the exchange, for these users. RabbitMQ makes no guest where it is given definitions."""
    return {
        "vhosts": [{"name": "hro"}],
        "users": [
            {
                "name": name,
                "password_hash": rabbitmq_hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": [],
            }
            for name, password in passwords.items()
        ],
        "permissions": [
            {"user": name, "vhost": "hro", "configure": configure, "write": write, "read": read}
            for name, (configure, write, read) in _PERMISSIONS.items()
        ],
        "exchanges": [
            {
                "name": _EXCHANGE,
                "vhost": "hro",
                "type": "topic",
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
        ],
    }


def rabbitmq_hash(password: str) -> str:
    """As rabbitmq.com/docs/passwords#computing-password-hash has it: four bytes of salt, and the hash after them."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode("ascii")


def _password(url: str) -> str:
    return urlsplit(url).password or ""


def _kept(path: Path, form: str, mode: int = _FOR_US) -> str:
    """What the file holds; one that is missing is made, with 256 random bits."""
    if not path.exists():
        _write(path, form.format(secrets.token_urlsafe(32)), mode)
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str, mode: int) -> None:
    """The whole file or none of it: what an interrupted run left half written would be kept for ever."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.new")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.chmod(mode)
    half.replace(path)
