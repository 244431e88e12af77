"""How a Docker Engine was found. Pure."""

from dataclasses import dataclass
from typing import Literal

State = Literal["healthy", "unhealthy", "unavailable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """`unavailable`: none is configured. `unhealthy`: one is, but it does not answer; `reason` says why."""

    state: State
    reason: str = ""
    server_version: str | None = None
