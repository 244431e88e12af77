"""The Celery message of a job: protocol 2 inside kombu's envelope for Redis, as Celery's manual has it. Pure.

Building it here lets one script write record, message and event, and spares the API a Celery app.
"""

import base64
import json
from typing import Any

from optimizer.events import AGENT
from optimizer.jobs import Job

#: Stands for the delivery tag, which is another one for every push of the same job; its first place in the text
TAG = "{tag}"


def build_message(job: Job) -> str:
    """The text to push onto the list `job.queue`, once the script that does so has put a tag in the place of TAG."""
    task_id = job.optimization_id
    body = [[], dict(job.options), {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    envelope = {
        "properties": {
            "delivery_tag": TAG,
            "correlation_id": task_id,
            "reply_to": "",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": job.queue},
            "priority": 0,
            "body_encoding": "base64",
        },
        "body": base64.b64encode(json.dumps(body).encode()).decode("ascii"),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": _headers(job),
    }
    return json.dumps(envelope)


def _headers(job: Job) -> dict[str, Any]:
    return {
        "lang": "py",
        "task": job.definition.task_name,
        "id": job.optimization_id,
        "root_id": job.optimization_id,
        "parent_id": job.parent_id,
        "group": None,
        "shadow": None,
        "eta": None,
        "expires": None,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": "()",
        "kwargsrepr": repr(dict(job.options)),
        "origin": f"{AGENT}@{job.host}",
        "ignore_result": False,
    }
