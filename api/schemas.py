"""The models of requests: each kind's options with what HTTP adds to them."""

from functools import cache
from typing import Annotated, Any, cast

from pydantic import Field, create_model

from optimizer.jobs import Status
from optimizer.kinds import Kind, Resource
from optimizer.values import Value

#: Hosts that one request may name: all of its jobs are taken in one step, for which Redis does nothing else
_MOST_HOSTS = 100
#: Beyond every list; Redis could not count on from a place near 2**63
_MOST_ROWS = 1 << 53
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}"
HostName = Annotated[str, Field(pattern=f"^{_NAME}$")]
HostNames = Annotated[str, Field(pattern=f"^{_NAME}(,{_NAME}){{0,{_MOST_HOSTS - 1}}}$")]


class ListQuery(Value):
    """Which jobs to list, newest first."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=64, description="next_cursor of the page before.")
    status: Status | None = None
    kind: str | None = Field(None, max_length=64)
    resource: Resource | None = None
    host: str | None = Field(None, max_length=253)


class HistoryQuery(Value):
    """Which rows of the history to show, newest first."""

    limit: int = Field(100, ge=1, le=1000)
    cursor: int = Field(0, ge=0, le=_MOST_ROWS, description="next_cursor of the page before.")


class PlanQuery(Value):
    """Which actions of a plan to show."""

    limit: int = Field(100, ge=1, le=1000)
    cursor: int = Field(0, ge=0, le=_MOST_ROWS, description="next_cursor of the page before.")


_HOST_FIELD = Field(
    None, description="Whose worker runs it, by its HRO_HOST, or several; HRO_DEFAULT_HOST where it is left out."
)


@cache
def request_model(kind: Kind) -> type[Value]:
    """What a request for `kind` may say: its options and hosts: in a body a name or a list, in a query with commas."""
    host: Any = HostNames | None
    if kind.method == "POST":
        host = (
            HostName | Annotated[tuple[HostName, ...], Field(min_length=1, max_length=_MOST_HOSTS, strict=False)] | None
        )
    name = "".join(part.title() for part in kind.name.split("_")) + "Request"
    return cast("type[Value]", create_model(name, __base__=kind.options, host=(host, _HOST_FIELD)))
