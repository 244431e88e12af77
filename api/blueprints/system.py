"""The service itself: health, status, metrics, hosts."""

from collections import defaultdict
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api import health as judging
from api.routing import Route, call, described, query, service
from api.schemas import HistoryQuery
from optimizer.errors import StoreUnavailableError
from optimizer.events import AGENT
from optimizer.kinds import Scope

blueprint = Blueprint("system", __name__)

VERSION = version("hardware-resource-optimizer")


@blueprint.get("/health/live")
@described(Route(summary="Whether this process answers", scope=None))
def live() -> Response:
    return jsonify(status="alive")


@blueprint.get("/health/ready")
@described(Route(summary="Whether jobs can be taken", scope=None, answers={200: "They can", 503: "They cannot"}))
def ready() -> Response:
    service().parts.vitals.ping()
    return jsonify(status="ready")


@blueprint.get("/health")
@described(
    Route(
        summary="Health of the service and of what it needs",
        scope=None,
        answers={200: "Healthy or degraded", 503: "No job can be taken"},
    )
)
def health() -> tuple[Response, int]:
    judged = judging.judge(_signs())
    head = {"status": judged["status"], "agent": AGENT, "version": VERSION, "timestamp": _now()}
    system = {"system": service().status.read()} if Scope.READ in call().caller.scopes else {}
    return jsonify(head | system | judged), 503 if judged["status"] == judging.UNHEALTHY else 200


def _signs() -> judging.Signs:
    settings, vitals = service().settings, service().parts.vitals
    try:
        workers, queues, outbox = vitals.workers(), vitals.queues(), vitals.outbox_length()
    except StoreUnavailableError:
        workers, queues, outbox = None, [], 0
    return judging.Signs(
        workers=workers,
        queues=queues,
        system=service().status.read(),
        job_host=settings.job_host,
        has_amqp=settings.amqp_url is not None,
        has_signing_key=settings.signing_key is not None,
        has_schedules=bool(service().parts.schedules),
        outbox=outbox,
    )


@blueprint.get("/status")
@described(Route(summary="CPU, memory and disks of the host that answers"))
def status() -> Response:
    return jsonify(dict(service().status.read()))


@blueprint.get("/hosts")
@described(Route(summary="Hosts, their workers and what these can do"))
def hosts() -> Response:
    by_host: dict[str, list[Any]] = defaultdict(list)
    for name, facts in service().parts.vitals.workers().items():
        by_host[facts["host"]].append({"worker": name, **facts})
    return jsonify(hosts=[{"host": host, "workers": workers} for host, workers in sorted(by_host.items())])


@blueprint.get("/schedules")
@described(Route(summary="What beat runs and when, with each schedule's last tick"))
def schedules() -> Response:
    ticks = service().parts.vitals.last_ticks()
    entries = [schedule.model_dump() for schedule in service().parts.schedules]
    return jsonify(schedules=[{**entry, "last": ticks.get(entry["name"])} for entry in entries])


@blueprint.get("/quarantine")
@described(Route(summary="What waits in quarantine on each host, as its last changing job left it"))
def quarantine() -> Response:
    rows = service().parts.shelf.quarantine()
    return jsonify(quarantine=rows, files=sum(row["files"] for row in rows), bytes=sum(row["bytes"] for row in rows))


@blueprint.get("/history")
@described(Route(summary="What changing jobs did, newest first", query=HistoryQuery))
def history() -> Response:
    asked = query(HistoryQuery)
    rows = service().parts.shelf.history(start=asked.cursor, limit=asked.limit)
    after = asked.cursor + len(rows)
    return jsonify(history=rows, next_cursor=after if len(rows) == asked.limit else None)


@blueprint.get("/metrics")
@described(Route(summary="Metrics for Prometheus", media="text/plain"))
def metrics() -> Response:
    return Response(generate_latest(current_app.extensions["hro.metrics"]), content_type=CONTENT_TYPE_LATEST)


def _now() -> str:
    return service().parts.clock.now().isoformat()
