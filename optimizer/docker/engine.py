"""The Docker Engine that this worker may ask, and whether it answers."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import docker  # the SDK, not the room of this name
import requests
from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.errors import APIError, DockerException

from optimizer.docker.state import EngineState

SOCKET = Path("/var/run/docker.sock")
#: An engine on this host says its version within milliseconds; a heartbeat must not wait for one that hangs.
ANSWER_SECONDS = 3
#: For its disk usage it walks through all volumes, which may take long; a job cannot be stopped meanwhile.
_DISK_USAGE_SECONDS = 60
#: The least that the SDK speaks.
_OLDEST_API = MINIMUM_DOCKER_API_VERSION

#: What the SDK lets through when an engine is away, hangs, refuses or talks nonsense. ValueError: not JSON,
#: or a URL that makes no sense.
_FAILURES = (DockerException, requests.exceptions.RequestException, OSError, ValueError)


class EngineError(Exception):
    """The engine did not answer; the text says why."""


def engine_state(url: str, *, usual: Path = SOCKET, timeout_seconds: int = ANSWER_SECONDS) -> EngineState:
    """Ask the engine at `url`, or at this host's `usual` socket where that is empty, for its version. Never raises."""
    if not url and not os.path.lexists(usual):
        return EngineState(state="unavailable", reason=f"no engine is configured, and {usual} does not exist")
    try:
        version = _version(url or f"unix://{usual}", timeout_seconds)
    except EngineError as error:
        return EngineState(state="unhealthy", reason=str(error))
    return EngineState(state="healthy", server_version=version.get("Version"))


def read_disk_usage(url: str) -> Mapping[str, Any]:
    """The engine's answer to GET /system/df. Raises EngineError."""
    url = url or f"unix://{SOCKET}"
    version = _version(url, ANSWER_SECONDS).get("ApiVersion", _OLDEST_API)
    with _client(url, version, _DISK_USAGE_SECONDS) as client:
        return _object(client.df())


def _version(url: str, timeout_seconds: int) -> Mapping[str, Any]:
    with _client(url, _OLDEST_API, timeout_seconds) as client:
        # Asked without a version of the API: engines of every age answer that
        return _object(client.version(api_version=False))


def _object(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise EngineError("what answers there is not a Docker engine")
    return answer


@contextmanager
def _client(url: str, api_version: str, timeout_seconds: int) -> Iterator[docker.APIClient]:
    """A client. Raises EngineError for whatever goes wrong in the block."""
    try:
        _knock(url, timeout_seconds)
        with closing(docker.APIClient(base_url=url, version=api_version, timeout=timeout_seconds)) as client:
            yield client
    except _FAILURES as error:
        raise EngineError(_reason(error)) from error


def _knock(url: str, timeout_seconds: int) -> None:
    """Fail where nobody listens at a unix socket: the SDK then leaves its own one open until it is collected."""
    scheme, _, path = url.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(timeout_seconds)
            caller.connect("/" + path.lstrip("/"))


def _reason(error: BaseException) -> str:
    """What the engine or, where it never got so far, the operating system said: the SDK wraps it three times."""
    if isinstance(error, APIError):
        return str(error.explanation or error)
    causes = list(_causes(error))
    for cause in reversed(causes):
        # The errors of requests are OSErrors too, but only wrap one
        if isinstance(cause, OSError) and not isinstance(cause, requests.exceptions.RequestException):
            return cause.strerror or str(cause)
    return str(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
