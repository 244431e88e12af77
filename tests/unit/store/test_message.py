"""The Celery message that the store pushes."""

import base64
import json

from hypothesis import given

from optimizer.jobs import Job
from optimizer.store.message import TAG, build_message
from tests import strategies


@given(strategies.jobs)
def test_a_message_names_its_job_and_its_queue(job: Job) -> None:
    """Celery routes it by the task's name and answers under the job's id."""
    message = json.loads(build_message(job))
    assert message["headers"]["id"] == message["properties"]["correlation_id"] == job.optimization_id
    assert message["headers"]["task"] == f"optimizer.{job.kind}"
    assert message["properties"]["delivery_info"]["routing_key"] == job.queue


@given(strategies.jobs)
def test_a_message_carries_the_options_as_keyword_arguments(job: Job) -> None:
    """Flower shows what was asked for; there are no positional arguments."""
    args, kwargs, _ = json.loads(base64.b64decode(json.loads(build_message(job))["body"]))
    assert (args, kwargs) == ([], dict(job.options))


@given(strategies.jobs)
def test_the_first_tag_in_a_message_is_the_place_of_its_own(job: Job) -> None:
    """Whatever the options say; the script that pushes it fills that place."""
    filled = json.loads(build_message(job).replace(TAG, "the tag", 1))
    assert filled["properties"]["delivery_tag"] == "the tag"
