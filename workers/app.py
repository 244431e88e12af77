"""The Celery app of the workers: `celery -A workers.app worker`, or rather `hro worker RESOURCE`."""

from urllib.parse import parse_qs, urlsplit

from celery import Celery
from kombu import Queue

import celeryconfig
from optimizer import bootstrap
from optimizer import settings as configuration
from optimizer.kinds import Resource
from optimizer.settings import Settings
from workers import signals, transport
from workers.tasks import register_tasks


def broker_url(redis_url: str) -> str:
    """The broker's spelling of a redis-py URL: they differ for a server on a unix socket."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"


def create_app(settings: Settings) -> Celery:
    """An app whose every queue belongs to one resource of this host."""
    transport.install()
    app = Celery("hro", backend="workers.results:RecordBackend")
    app.config_from_object(celeryconfig)
    app.conf.update(
        broker_url=broker_url(settings.redis_url.get_secret_value()),
        task_queues=[
            Queue(f"{resource}.{settings.host}", routing_key=f"{resource}.{settings.host}") for resource in Resource
        ],
    )
    bootstrap.handlers(settings)  # what cannot be wired stops the start; later Celery would log it and go on
    signals.connect(settings)
    register_tasks(app)
    return app


app = create_app(configuration.load())
