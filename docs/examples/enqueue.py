"""Enqueue a job from another service: Celery alone, nothing of the optimizer's is imported.

    python enqueue.py redis://127.0.0.1:6379/0 memory optimizer.optimize_memory dry_run=true

Prints the id under which the job is polled at GET /optimizations/<id>, then its result.
"""

import json
import sys

from celery import Celery


def main(broker: str, queue: str, task: str, *options: str) -> None:
    client = Celery(broker=broker, backend=broker)
    kwargs = {name: json.loads(value) for name, _, value in (option.partition("=") for option in options)}
    sent = client.send_task(task, kwargs=kwargs, queue=queue)
    print(sent.id, flush=True)
    print(json.dumps(sent.get(timeout=60)))


if __name__ == "__main__":
    main(*sys.argv[1:])
