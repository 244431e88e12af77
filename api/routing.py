"""What each route says of itself, and the one gate at which every request is held against it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import getrandbits
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, g, request
from pydantic import ValidationError
from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.wsgi import get_host

from api.auth import Caller, StoredKey, identify
from api.problems import ForeignHostNameError, ForeignOriginError, MalformedJsonError, MediaTypeError
from optimizer.bootstrap import ApiParts
from optimizer.errors import InvalidRequestError
from optimizer.host.status import SystemStatus
from optimizer.kinds import Scope, invalid_request
from optimizer.options import NoOptions
from optimizer.settings import Settings
from optimizer.values import JsonObject, Value

if TYPE_CHECKING:  # a module that exists for type checkers alone
    from _typeshed.wsgi import WSGIEnvironment

View = TypeVar("View", bound=Callable[..., Any])
Q = TypeVar("Q", bound=Value)

#: A request says what to do, not with what: a megabyte is room for thousands of paths
MOST_BYTES = 1 << 20

_NOTHING = NoOptions()
_JSON = "application/json"
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

    service: Service
    request_id: str
    caller: Caller
    query: Value
    body: Value  #: that of NoOptions where the route has none
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


def request_at_hand() -> Request:
    """The request itself: Flask's `request` looks for it at each use, which costs as much as a step of the gate."""
    return cast("Request", request._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's manual has it


def pass_gate(app: Flask, shared: Service) -> None:
    """Raises what there is to refuse in the request at hand; whatever passes is known by call()."""
    started, asked = shared.parts.clock.monotonic(), request_at_hand()
    environ = asked.environ
    g.request_id = request_id = _name_request(environ)
    _refuse_foreign_site(environ, environ.get("HTTP_HOST") or get_host(environ), shared.allowed_hosts)
    caller = identify(environ.get("HTTP_AUTHORIZATION"), environ.get("REMOTE_ADDR"), shared.keys)
    route: Route | None = getattr(app.view_functions.get(asked.endpoint or ""), "route", None)
    # An unknown path or method, or a static file; or Flask answers by itself which methods there are
    if route is None or environ["REQUEST_METHOD"] == "OPTIONS":
        return
    said = _read_json(asked) if route.body else {}
    scope = route.scope(said) if callable(route.scope) else route.scope
    if scope:
        caller.require(scope, allow_anonymous=route.anonymous)
    g.call = Call(
        service=shared,
        request_id=request_id,
        caller=caller,
        query=_read_query(asked, route.query),
        body=_checked(route.body, said) if route.body else _NOTHING,
        started=started,
    )


def _name_request(environ: "WSGIEnvironment") -> str:
    given = environ.get("HTTP_X_REQUEST_ID", "")
    # It keeps no secret, and asking the system for 16 bytes would let another thread have the interpreter meanwhile
    request_id: str = given if _REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
    clear_contextvars()
    bind_contextvars(request_id=request_id)
    return request_id


def _refuse_foreign_site(environ: "WSGIEnvironment", host: str, allowed: frozenset[str]) -> None:
    """Against DNS rebinding (a foreign Host) and pages that make a browser call us (a foreign Origin)."""
    if _name_of(host) not in allowed:
        raise ForeignHostNameError
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin.partition("://")[2] != host:
        raise ForeignOriginError
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin") and not _is_navigation(environ):
        raise ForeignOriginError


@lru_cache(maxsize=64)
def _name_of(host: str) -> str:
    """A host without its port."""
    return urlsplit(f"//{host}").hostname or ""


def _is_navigation(environ: "WSGIEnvironment") -> bool:
    """A link followed from another site to a page of ours: harmless, it reads nothing back and changes nothing."""
    return environ["REQUEST_METHOD"] == "GET" and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"


def _read_query(asked: Request, model: type[Value]) -> Value:
    if model is NoOptions and not asked.query_string:
        return _NOTHING
    try:
        return model.model_validate_strings(_parameters(asked) if asked.query_string else {})
    except ValidationError as error:
        raise invalid_request(error) from None


def _parameters(asked: Request) -> dict[str, str]:
    """The query's parameters, none of them given twice."""
    repeated = [name for name, values in asked.args.lists() if len(values) > 1]
    if repeated:
        raise InvalidRequestError(f"Query parameters given twice: {', '.join(repeated)}")
    return asked.args.to_dict()


def _checked(model: type[Value], said: JsonObject) -> Value:
    try:
        return model.model_validate(dict(said))
    except ValidationError as error:
        raise invalid_request(error) from None


def _read_json(asked: Request) -> JsonObject:
    """The body as a JSON object, nothing in it given twice."""
    if asked.environ.get("CONTENT_TYPE") != _JSON and asked.mimetype != _JSON:
        raise MediaTypeError
    try:
        text = _read_body(asked)
        body = _STRICT.decode(text.decode(json.detect_encoding(text), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise MalformedJsonError(f"The body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    return body


def _read_body(asked: Request) -> bytes:
    """The bytes. Werkzeug's way, which counts along, takes as long for a small body as all else of reading it."""
    said = asked.environ.get("CONTENT_LENGTH", "")
    if said.isdecimal() and int(said) <= MOST_BYTES:
        return cast("bytes", asked.environ["wsgi.input"].read(int(said)))
    return asked.get_data()


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidRequestError("A field is given twice.")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


#: Made once: json.loads with hooks of its own makes a decoder for every call
_STRICT = json.JSONDecoder(object_pairs_hook=_no_doubles, parse_constant=_no_constant)
