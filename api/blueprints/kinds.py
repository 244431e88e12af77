"""A route for each kind of job: GET for analyses, which may be answered at once, POST for all others."""

from collections.abc import Callable

from flask import Blueprint, Response

from api.routing import Route, call, described
from api.schemas import request_model
from api.submitting import fingerprint, idempotency, initiated, job_of_request
from api.waiting import answer_when_done
from optimizer.kinds import KINDS, Kind

blueprint = Blueprint("kinds", __name__)


def _analysis(kind: Kind) -> Callable[[], Response]:
    @described(
        Route(
            summary=kind.summary,
            scope=kind.scope({}),
            anonymous=kind.anonymous,
            query=request_model(kind),
            answers={200: "The analysis", 202: "It takes longer; follow Location"},
        )
    )
    def analyze() -> Response:
        at = call()
        job = job_of_request(at, kind, at.query)
        _, optimization_id = at.service.parts.store.submit(job, join=fingerprint(kind, job))
        return answer_when_done(at, optimization_id)

    return analyze


def _submission(kind: Kind) -> Callable[[], Response]:
    @described(
        Route(
            summary=kind.summary,
            scope=kind.scope,
            anonymous=kind.anonymous,
            body=request_model(kind),
            answers={202: "The job is taken; follow Location"},
        )
    )
    def submit() -> Response:
        at = call()
        job = job_of_request(at, kind, at.body)
        _, optimization_id = at.service.parts.store.submit(job, idempotency=idempotency(at, kind, job))
        return initiated(at, optimization_id)

    return submit


for _kind in (kind for kind in KINDS.values() if not kind.acts_on_a_job):
    _view = _analysis(_kind) if _kind.method == "GET" else _submission(_kind)
    blueprint.add_url_rule(_kind.path, _kind.name, _view, methods=[_kind.method])
