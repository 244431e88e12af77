"""The API in this process, on a real Redis; no worker, so that a test decides what becomes of a job."""

import hashlib
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from optimizer import bootstrap
from optimizer.jobs import Job
from optimizer.settings import load
from optimizer.store.attempts import Attempt
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store

KEYS = {"planner": ["read", "plan"], "applier": ["read", "plan", "apply"], "reader": ["read"]}


def key(name: str) -> dict[str, str]:
    """The header of a caller with the key of that name."""
    return {"Authorization": f"Bearer hro_{name}_secret"}


@pytest.fixture
def app(store: Store, redis_url: str) -> Flask:
    stored = [
        {"id": name, "sha256": hashlib.sha256(f"hro_{name}_secret".encode()).hexdigest(), "scopes": scopes}
        for name, scopes in KEYS.items()
    ]
    settings = load(
        {
            "HRO_REDIS_URL": redis_url,
            "HRO_HOST": "here",
            "HRO_API_KEYS": json.dumps(stored),
            "HRO_SIGNING_KEY": "key",
            "HRO_ROOTS": "/srv/data",
            "HRO_SCAN_ROOTS": "/srv:/tmp",
        }
    )
    return create_app(settings, bootstrap.api_parts(settings))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def submitted(store: Store, kind: str = "analyze_cpu") -> Job:
    job = new_job(kind)
    store.jobs.submit(job)
    return job


def claimed(store: Store, job: Job) -> Attempt:
    attempt = store.attempts.claim(job, "owner", 7)
    assert isinstance(attempt, Attempt)
    return attempt
