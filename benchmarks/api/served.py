"""The product's API with two routes beside it, on one server: what Flask itself costs, and what Redis costs.

`/bench/hello` answers and does nothing. `/bench/bare` sends Redis what a submitted job sends it, and does nothing else.
Neither passes the product's gate, logs or metrics: they are another app, mounted beside it.
"""

import json
import uuid

from flask import Flask, Response, jsonify
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from api.app import create_app
from optimizer import bootstrap, logs, settings
from optimizer.host.clock import SystemClock
from optimizer.jobs import Job
from optimizer.settings import Settings
from optimizer.store.connection import IMPATIENT, Scripts, connect
from optimizer.store.jobs import FRESH_MS
from optimizer.store.records import entry


def beside(configuration: Settings) -> Flask:
    """The two routes."""
    app = Flask("benchmarks.api.served")
    client = connect(configuration.redis_url.get_secret_value(), IMPATIENT)
    scripts = Scripts(client)
    known = Job(
        optimization_id=str(uuid.uuid4()),
        kind="optimize_memory",
        host=configuration.host,
        options={"dry_run": True, "allow_irreversible": False},  # as the product passes on what the request says
        request_id=uuid.uuid4().hex,
        created_at=SystemClock().now(),
    )
    record = json.dumps([entry(known, "0" * 64)])
    seconds = bootstrap.lifetimes(configuration).idempotency_seconds

    @app.get("/hello")
    def hello() -> Response:
        return jsonify(status="hello")

    @app.post("/bare")
    def bare() -> tuple[Response, int]:
        optimization_id = str(uuid.uuid4())
        said = record.replace(known.optimization_id, optimization_id)
        scripts.call("submit", said, "", "", seconds, "", FRESH_MS)
        return jsonify(optimization_id=optimization_id), 202

    return app


def application() -> Flask:
    configuration = settings.load()
    logs.configure(configuration.log_level)
    product = create_app(configuration, bootstrap.api_parts(configuration), counters=settings.shared_metrics())
    product.wsgi_app = DispatcherMiddleware(product.wsgi_app, {"/bench": beside(configuration)})  # type: ignore[method-assign]
    return product


app = application()
