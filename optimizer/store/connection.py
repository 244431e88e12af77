"""Clients of the store's Redis: an impatient one for the API, a patient one for workers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from optimizer.errors import StoreFullError, StoreSpoiltError, StoreUnavailableError

#: Connect and read times-outs in seconds: the API answers 503 within half a second even when Redis hangs
IMPATIENT = (0.2, 0.25)
#: How a Redis answers whose disk is full or broken, or that is a replica
_CANNOT_WRITE = ("MISCONF", "READONLY")
#: How it answers a command, or one of a script, for a key of another type; and a script that meets what it cannot use
_SPOILT = re.compile(r"WRONGTYPE|\buser_script\b")
#: A worker would rather wait; it must be longer than the seconds for which a worker blocks on an empty queue
PATIENT = (2.0, 10.0)


def connect(url: str, timeouts: tuple[float, float]) -> redis.Redis:
    """A client that connects at its first command.

    It never repeats a command by itself: the scripts are safe to repeat, but only their caller knows whether there
    is time for it.
    """
    client: redis.Redis = redis.Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="surrogateescape",  # what somebody wrote that is not UTF-8 is read, and given back as it was
        socket_connect_timeout=timeouts[0],
        socket_timeout=timeouts[1],
        # A unix socket has no peer that could vanish unseen, and its connection does not know the option
        **({} if url.startswith("unix:") else {"socket_keepalive": True}),
        retry=Retry(NoBackoff(), 0),
        health_check_interval=25,
    )
    return client


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Turns what redis-py raises while Redis is away, loading or cannot write into StoreUnavailableError.

    What it raises where a key holds something else than the store writes there becomes StoreSpoiltError.
    """
    try:
        yield
    except redis.exceptions.OutOfMemoryError as error:
        raise StoreFullError from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise StoreUnavailableError(f"{StoreUnavailableError.__doc__} ({error})") from error
    except redis.ResponseError as error:
        if str(error).startswith(_CANNOT_WRITE):
            raise StoreUnavailableError(f"Redis cannot write, so no job can be taken: {error}") from error
        if _SPOILT.search(str(error)):
            raise StoreSpoiltError(f"{StoreSpoiltError.__doc__} ({error})") from error
        raise


def wire(text: str) -> bytes:
    """What was read of Redis, exactly as it stands there. hiredis sends text only where it is UTF-8."""
    return text.encode("utf-8", "surrogateescape")


class Scripts:
    """The store's Lua files, each called by its name; loaded again by itself after a restart of Redis."""

    def __init__(self, client: redis.Redis) -> None:
        folder = resources.files("optimizer.store") / "lua"
        shared = (folder / "shared.lua").read_text()
        self._scripts = {
            path.name.removesuffix(".lua"): client.register_script(shared + path.read_text())
            for path in folder.iterdir()
            if path.name != "shared.lua"
        }

    def call(self, name: str, *arguments: str | bytes | float) -> Any:
        with reaching_redis():
            return self._scripts[name](args=list(arguments))
