"""Jobs that were taken: list, look, watch, cancel."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from api.applying import apply_plan
from api.listing import page_of
from api.lookup import find
from api.routing import Route, call, described, query, service
from api.schemas import ListQuery, PlanQuery
from api.streams import follow
from api.submitting import follow_up, idempotency, initiated
from api.views import job_json
from optimizer.jobs import JobRecord
from optimizer.kinds import KINDS, Kind, Scope
from optimizer.options import ItemsOptions, NoOptions

blueprint = Blueprint("jobs", __name__, url_prefix="/optimizations")


@blueprint.get("")
@described(Route(summary="Jobs, newest first", query=ListQuery))
def listing() -> Response:
    return jsonify(page_of(service().parts.store, query(ListQuery)))


def _shown(record: JobRecord) -> dict[str, Any]:
    return job_json(record, service().parts.clock.now(), with_digests=call().caller.sees_digests)


@blueprint.get("/<optimization_id>")
@described(
    Route(summary="A job: its status, progress and result", answers={200: "The job", 404: "Unknown", 410: "Expired"})
)
def job(optimization_id: str) -> Response:
    record = find(optimization_id)
    return jsonify(_shown(record))


@blueprint.get("/<optimization_id>/plan")
@described(Route(summary="The actions of a job's plan", query=PlanQuery))
def plan(optimization_id: str) -> Response:
    record, asked = find(optimization_id), query(PlanQuery)
    actions = list(service().parts.store.plan(optimization_id, start=asked.cursor, limit=asked.limit))
    after = asked.cursor + len(actions)
    summary = record.plan or {"actions": 0}
    answer = jsonify(plan=record.plan, actions=actions, next_cursor=after if after < summary["actions"] else None)
    if record.plan:
        answer.set_etag(record.plan["digest"])
    return answer


@blueprint.get("/<optimization_id>/events")
@described(Route(summary="A job's progress, as server-sent events", media="text/event-stream"))
def events(optimization_id: str) -> Response:
    record = find(optimization_id)
    return follow(record.job.optimization_id, request.headers.get("Last-Event-ID"))


@blueprint.delete("/<optimization_id>")
@described(
    Route(
        summary="Cancel a job",
        scope=Scope.PLAN,
        answers={200: "It is cancelled", 202: "Its worker will stop within a second", 409: "It has ended"},
    )
)
def cancel(optimization_id: str) -> tuple[Response, int]:
    store = service().parts.store
    record = find(optimization_id)
    call().caller.require(record.job.scope, allow_anonymous=record.job.definition.anonymous)
    store.cancel(record)
    after = store.get(optimization_id)
    return jsonify(_shown(after)), 200 if after.status.is_final else 202


def _follow_up(kind: Kind) -> Callable[[str], Response]:
    @described(
        Route(
            summary=kind.summary,
            scope=kind.scope,
            anonymous=kind.anonymous,
            body=ItemsOptions,
            answers={202: "The job is taken; follow Location", 404: "Unknown", 409: "It has not ended"},
        )
    )
    def act(optimization_id: str) -> Response:
        at = call()
        job = follow_up(at, kind, find(optimization_id), at.body)
        _, taken = at.service.parts.store.submit(job, idempotency=idempotency(at, kind, job))
        return initiated(at, taken)

    return act


@blueprint.post("/<optimization_id>/apply")
@described(
    Route(
        summary=KINDS["apply_plan"].summary,
        scope=KINDS["apply_plan"].scope,
        anonymous=False,
        body=NoOptions,
        answers={202: "The job is taken; follow Location", 412: "Another plan", 428: "If-Match is missing"},
    )
)
def apply(optimization_id: str) -> Response:
    at = call()
    return initiated(at, apply_plan(at, find(optimization_id)))


for _kind in (KINDS["undo"], KINDS["purge"]):
    _path = _kind.path.removeprefix("/optimizations")
    blueprint.add_url_rule(_path, _kind.name, _follow_up(_kind), methods=[_kind.method])
