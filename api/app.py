"""The Flask app, put together from its parts."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, g

from api import auth, metrics, problems, routing
from api.answers import Answer
from api.blueprints import jobs, kinds, pages, system
from optimizer.bootstrap import ApiParts
from optimizer.host.status import SystemStatus
from optimizer.settings import Settings

if TYPE_CHECKING:  # a module that exists for type checkers alone
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    (
        "Content-Security-Policy",
        "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
)


class _Api(Flask):
    """Has each request pass the one gate, and each answer be counted and logged at one place.

    Flask would look for more such steps at each blueprint, and for a session; there are none.
    """

    response_class = Answer

    def __init__(self, shared: routing.Service, answered: metrics.Answered) -> None:
        super().__init__("api", template_folder=str(Path(__file__).parent / "templates"))
        self._shared = shared
        self._answered = answered

    def preprocess_request(self) -> None:
        routing.pass_gate(self, self._shared)

    def process_response(self, response: Response) -> Response:
        asked, status = routing.request_at_hand(), response.status_code
        endpoint = asked.url_rule.rule if asked.url_rule else "unmatched"
        self._answered(endpoint, status).inc()
        response.headers.add("X-Request-ID", g.get("request_id", ""))
        log.info("request", method=asked.method, endpoint=endpoint, status=status)
        return response


def create_app(settings: Settings, parts: ApiParts, *, counters: str | None = None) -> Flask:
    """`counters`: the folder where several processes count together. Raises SettingsError where no key can be used."""
    registry, answered = metrics.registry(parts.vitals, counters)
    shared = routing.Service(
        settings=settings,
        parts=parts,
        status=SystemStatus(parts.clock),
        keys=auth.load_keys(settings),
        allowed_hosts=_allowed_hosts(settings),
    )
    app = _Api(shared, answered)
    app.config["MAX_CONTENT_LENGTH"] = routing.MOST_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the provider that Flask installs has it
    app.extensions |= {"hro": shared, "hro.metrics": registry}
    problems.register(app)
    for module in (kinds, jobs, system, pages):
        app.register_blueprint(module.blueprint)

    app.wsgi_app = _with_headers(app.wsgi_app)  # type: ignore[assignment]  # as Flask's manual says
    return app


def _with_headers(wsgi: "WSGIApplication") -> "WSGIApplication":
    """Add our headers to every answer. Flask's own way takes as long for them as for the rest of an answer."""

    def served(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, *_HEADERS], *more)

        return wsgi(environ, start)

    return served


def _allowed_hosts(settings: Settings) -> frozenset[str]:
    return frozenset({"localhost", "127.0.0.1", "::1", settings.host.lower(), *map(str.lower, settings.allowed_hosts)})
