"""Each kind has exactly one task, queue, route, schema and handler; each queue has its worker.

But for a kind of parts: it has a route and a schema, and its parts have the rest.
"""

from collections import Counter
from pathlib import Path

import pytest

from api.app import create_app
from api.openapi import described_rules
from api.schemas import request_model
from optimizer import bootstrap
from optimizer.cli.commands import worker_command
from optimizer.kinds import KINDS, Resource
from optimizer.options import ItemsOptions, NoOptions
from optimizer.settings import Settings, load
from workers.app import create_app as create_celery_app

ROOT = Path(__file__).parents[2]
SETTINGS = load({"HRO_HOST": "here"})
#: The kinds that a worker runs
RUN = [kind for kind in KINDS.values() if kind.resource]


def test_each_kind_has_one_task() -> None:
    """And no task of ours is without a kind."""
    tasks = [name for name in create_celery_app(SETTINGS).tasks if name.startswith("optimizer.")]
    assert sorted(tasks) == sorted(kind.task_name for kind in RUN)


def test_each_kind_has_one_handler() -> None:
    """bootstrap.py binds them."""
    assert sorted(bootstrap.handlers(SETTINGS)) == sorted(kind.name for kind in RUN)


def test_a_kind_is_run_by_a_worker_or_made_of_parts_that_are() -> None:
    """One of the two, and each part knows all that is passed on to it."""
    for kind in KINDS.values():
        parts = [KINDS[name] for name in kind.parts]
        assert bool(parts) == (kind.resource is None)
        assert all(part in RUN and set(kind.options.model_fields) <= set(part.options.model_fields) for part in parts)


#: Of kinds whose route names the job that they act on; If-Match names the plan
_BODIES = {"apply_plan": NoOptions, "undo": ItemsOptions, "purge": ItemsOptions}


def test_each_kind_has_one_route_with_its_schema() -> None:
    """The route's query or body is the model of the kind."""
    app = create_app(SETTINGS, bootstrap.api_parts(SETTINGS))
    routes = {rule.rule: (rule, route) for rule, route in described_rules(app)}
    assert max(Counter(kind.path for kind in KINDS.values()).values()) == 1
    for kind in KINDS.values():
        rule, route = routes[kind.path]
        assert kind.method in (rule.methods or ())
        expected = _BODIES.get(kind.name) or request_model(kind)
        assert (route.query if kind.method == "GET" else route.body) is expected


def test_each_queue_is_read_by_exactly_one_worker() -> None:
    """A queue a resource and host; no worker reads another's."""
    queues = {queue.name for queue in create_celery_app(SETTINGS).conf.task_queues}
    assert queues == {f"{resource}.here" for resource in Resource}
    read = [_option(worker_command(SETTINGS, resource), "--queues") for resource in Resource]
    assert sorted(read) == sorted(queues)


@pytest.mark.parametrize("resource", Resource)
def test_a_worker_is_named_for_its_resource_and_host(resource: Resource) -> None:
    """Its name is stable, so that metrics and heartbeats find it again."""
    assert _option(worker_command(SETTINGS, resource), "--hostname") == f"{resource}@here"


def test_a_worker_has_the_limits_of_its_resource() -> None:
    """Where none is said for it, those of all; a job is asked to stop before its process is killed."""
    settings = load({"HRO_HOST": "here", "HRO_TIME_LIMITS": "cpu=60", "HRO_MEMORY_LIMITS_MB": "storage=2048"})
    cpu, storage = (worker_command(settings, resource) for resource in (Resource.CPU, Resource.STORAGE))
    assert (_option(cpu, "--soft-time-limit"), _option(cpu, "--time-limit")) == ("60", "90")
    assert (_option(storage, "--soft-time-limit"), _option(storage, "--time-limit")) == ("3600", "3630")
    assert (_option(cpu, "--max-memory-per-child"), _option(storage, "--max-memory-per-child")) == ("262144", "2097152")


def test_a_misspelt_queue_is_not_made() -> None:
    """Celery would otherwise fill a list that nobody reads."""
    assert create_celery_app(SETTINGS).conf.task_create_missing_queues is False


def _option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_every_setting_stands_in_the_manual() -> None:
    """docs/operations.md names each variable."""
    manual = (ROOT / "docs" / "operations.md").read_text()
    missing = [name for name in Settings.model_fields if f"`HRO_{name.upper()}`" not in manual]
    assert missing == []
