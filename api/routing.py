"""What each route says of itself, and the one gate at which every request is held against it."""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request
from pydantic import ValidationError
from structlog.contextvars import bind_contextvars, clear_contextvars

from api.auth import Caller, StoredKey, identify
from api.problems import ForeignHostNameError, ForeignOriginError, MalformedJsonError, MediaTypeError
from optimizer.bootstrap import ApiParts
from optimizer.errors import InvalidRequestError
from optimizer.host.status import SystemStatus
from optimizer.kinds import Scope, invalid_request
from optimizer.options import NoOptions
from optimizer.settings import Settings
from optimizer.values import JsonObject, Value

View = TypeVar("View", bound=Callable[..., Any])
Q = TypeVar("Q", bound=Value)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The contract of a route: the gate enforces it, and the OpenAPI document prints it."""

    summary: str
    scope: Scope | Callable[[JsonObject], Scope] | None = Scope.READ  #: None: everybody; a callable is asked the body
    anonymous: bool = True  #: whether a caller on this machine may have it without a key
    query: type[Value] = NoOptions
    body: type[Value] | None = None
    media: str = "application/json"  #: of its answers, problems aside
    answers: Mapping[int, str] = field(default_factory=lambda: {200: "The answer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What every request of an app shares."""

    settings: Settings
    parts: ApiParts
    status: SystemStatus
    keys: Mapping[str, StoredKey]
    allowed_hosts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that has passed the gate."""

    caller: Caller
    query: Value
    body: Value | None
    started: float  #: on the Clock port's monotonic clock


def described(route: Route) -> Callable[[View], View]:
    """Attach a route's contract to its view."""

    def attach(view: View) -> View:
        view.route = route  # type: ignore[attr-defined]  # a function can carry what it promises
        return view

    return attach


def service() -> Service:
    return cast("Service", current_app.extensions["hro"])


def call() -> Call:
    return cast("Call", g.call)


def query(model: type[Q]) -> Q:
    """The query of the request at hand, as the model that its route names."""
    parameters = call().query
    if not isinstance(parameters, model):
        raise TypeError(f"the route's query is {type(parameters).__name__}")
    return parameters


def body() -> Value:
    """The body of the request at hand, checked; its route has one."""
    said = call().body
    if said is None:
        raise TypeError("the route has no body")
    return said


def route_of(endpoint: str | None) -> Route | None:
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "route", None)


def register(app: Flask) -> None:
    app.before_request(_pass_gate)


def _pass_gate() -> None:
    started = service().parts.clock.monotonic()
    _name_request()
    _refuse_foreign_site()
    caller = identify(request.headers.get("Authorization"), request.remote_addr, service().keys)
    route = route_of(request.endpoint)
    if route is None:  # an unknown path or method, or a static file
        return
    said = _read_json() if route.body else {}
    scope = route.scope(said) if callable(route.scope) else route.scope
    if scope:
        caller.require(scope, allow_anonymous=route.anonymous)
    g.call = Call(
        caller=caller,
        query=_read_query(route.query),
        body=_checked(route.body, said) if route.body else None,
        started=started,
    )


def _name_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    clear_contextvars()
    bind_contextvars(request_id=g.request_id)


def _refuse_foreign_site() -> None:
    """Against DNS rebinding (a foreign Host) and pages that make a browser call us (a foreign Origin)."""
    name = urlsplit(f"//{request.host}").hostname or ""
    if name not in service().allowed_hosts:
        raise ForeignHostNameError
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise ForeignOriginError
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not _is_navigation():
        raise ForeignOriginError


def _is_navigation() -> bool:
    """A link followed from another site to a page of ours: harmless, it reads nothing back and changes nothing."""
    return request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"


def _read_query(model: type[Value]) -> Value:
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise InvalidRequestError(f"Query parameters given twice: {', '.join(repeated)}")
    try:
        return model.model_validate_strings(request.args.to_dict())
    except ValidationError as error:
        raise invalid_request(error) from None


def _checked(model: type[Value], said: JsonObject) -> Value:
    try:
        return model.model_validate(dict(said))
    except ValidationError as error:
        raise invalid_request(error) from None


def _read_json() -> JsonObject:
    """The body as a JSON object, nothing in it given twice."""
    if request.mimetype != "application/json":
        raise MediaTypeError
    try:
        body = json.loads(request.get_data(), object_pairs_hook=_no_doubles, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedJsonError(f"The body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    return body


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidRequestError("A field is given twice.")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
