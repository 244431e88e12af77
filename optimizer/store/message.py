"""The Celery message of a job: protocol 2 inside kombu's envelope for Redis, as Celery's manual has it. Pure.

Building it here lets one script write record, message and event, and spares the API a Celery app.
"""

import base64
import json
from json.encoder import encode_basestring_ascii as quoted

from optimizer.events import AGENT
from optimizer.jobs import Job

#: Stands for the delivery tag, which is another one for every push of the same job; its first place in the text
TAG = "{tag}"

#: What is the same in every message is written once, here; `%` puts the rest in its place, as JSON already
_FRAME = (
    json.dumps(
        {
            "properties": {
                "delivery_tag": TAG,
                "correlation_id": "%(id)s",
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": "%(queue)s"},
                "priority": 0,
                "body_encoding": "base64",
            },
            "body": "%(body)s",
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": "%(task)s",
                "id": "%(id)s",
                "root_id": "%(id)s",
                "parent_id": "%(parent_id)s",
                "group": None,
                "shadow": None,
                "eta": None,
                "expires": None,
                "retries": 0,
                "timelimit": [None, None],
                "argsrepr": "()",
                "kwargsrepr": "%(kwargsrepr)s",
                "origin": "%(origin)s",
                "ignore_result": False,
            },
        }
    )
    .replace('"%(', "%(")
    .replace(')s"', ")s")
)
_BODY = '[[], %s, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'


def build_message(job: Job, options: str | None = None) -> str:
    """The text to push onto the list `job.queue`, once the script that does so has put a tag in the place of TAG.

    `options`: the JSON of the job's options, where it is there already.
    """
    body = _BODY % (options or json.dumps(dict(job.options)))
    return _FRAME % {
        "id": quoted(job.optimization_id),
        "queue": quoted(job.queue),
        "body": quoted(base64.b64encode(body.encode()).decode("ascii")),
        "task": quoted(job.definition.task_name),
        "parent_id": quoted(job.parent_id) if job.parent_id else "null",
        "kwargsrepr": quoted(repr(dict(job.options))),
        "origin": quoted(f"{AGENT}@{job.host}"),
    }
