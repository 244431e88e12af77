"""The Celery message that the store pushes."""

import base64
import json

from hypothesis import given

from optimizer.jobs import Job
from optimizer.store.message import build_message
from tests import strategies


@given(strategies.jobs)
def test_a_message_names_its_job_and_its_queue(job: Job) -> None:
    """Celery routes it by the task's name and answers under the job's id."""
    message = json.loads(build_message(job, "tag"))
    assert message["headers"]["id"] == message["properties"]["correlation_id"] == job.optimization_id
    assert message["headers"]["task"] == f"optimizer.{job.kind}"
    assert message["properties"]["delivery_info"]["routing_key"] == job.queue


@given(strategies.jobs)
def test_a_message_carries_the_options_as_keyword_arguments(job: Job) -> None:
    """Flower shows what was asked for; there are no positional arguments."""
    args, kwargs, _ = json.loads(base64.b64decode(json.loads(build_message(job, "tag"))["body"]))
    assert (args, kwargs) == ([], dict(job.options))
