"""`hro plan`, `apply`, `undo` and `purge`: changes of this host's storage, without any service.

They do what a worker does, with the same handlers, roots, locks and journal.
"""

import argparse
import json
import sys
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from optimizer import bootstrap
from optimizer import settings as configuration
from optimizer.cli.change_progress import showing_progress
from optimizer.cli.change_text import plan_text, receipt_text
from optimizer.cli.errors import Exit
from optimizer.cli.kept_plans import KeptPlans
from optimizer.cli.options import options_from_words
from optimizer.errors import PlanAppliedError
from optimizer.host.begun import BegunJobs
from optimizer.host.clock import SystemClock
from optimizer.jobs import Job
from optimizer.kinds import KINDS, Kind, Resource
from optimizer.plans import Plan
from optimizer.runner import Report, run
from optimizer.settings import Settings
from optimizer.values import JsonObject


def plan(words: Sequence[str]) -> int:
    """`hro plan KIND [PATH] [--option value …]`: what would be done. Nothing is changed."""
    kind, options, as_json = _asked(words)
    settings = configuration.load()
    job = _job(settings, kind.name, str(uuid.uuid4()), {**options, "dry_run": True})
    report = _run(settings, job)
    made = report.plan or Plan()
    # A policy decides by what it finds when it acts, and stops at its low mark: its plan is only looked at
    can_be_applied = "policy" not in options
    if can_be_applied:
        _plans(settings).keep(job.optimization_id, kind.name, made)
    if as_json:
        print(json.dumps(_plan_json(job, made)))
    else:
        _print(plan_text(job.optimization_id, kind.name, made, can_be_applied=can_be_applied))
    return Exit.DONE


def apply(arguments: argparse.Namespace) -> int:
    """`hro apply ID`: exactly what the plan says, action by action, once."""
    settings = configuration.load()
    with _plans(settings).held(arguments.id) as kept:
        if bootstrap.open_journal(settings).of_job(arguments.id):
            raise PlanAppliedError(optimization_id=arguments.id)
        options = {"optimization_id": arguments.id, "digest": kept.plan.digest}
        return _changed(settings, _job(settings, "apply_plan", arguments.id, options), arguments)


def undo(arguments: argparse.Namespace) -> int:
    """`hro undo ID [--item N …]`: bring back what a job changed, all of it or single actions."""
    return _follow_up("undo", arguments)


def purge(arguments: argparse.Namespace) -> int:
    """`hro purge ID [--item N …]`: delete for good what a job moved into quarantine."""
    return _follow_up("purge", arguments)


def _follow_up(kind: str, arguments: argparse.Namespace) -> int:
    settings = configuration.load()
    options = {"optimization_id": arguments.id} | ({"items": arguments.item} if arguments.item else {})
    return _changed(settings, _job(settings, kind, str(uuid.uuid4()), options), arguments)


def _changed(settings: Settings, job: Job, arguments: argparse.Namespace) -> int:
    result = _run(settings, job).result
    if arguments.json:
        print(json.dumps({**result, "errors": _not_done(result)}))
    else:
        _print(receipt_text(result))
    return Exit.PARTIAL if _not_done(result) else Exit.DONE


def _not_done(result: JsonObject) -> list[Any]:
    return [outcome for outcome in result["outcomes"] if outcome["status"] != "done"]


def _run(settings: Settings, job: Job) -> Report:
    alone = settings.model_copy(update={"hash_cache_seconds": 0})  # the cache would be in Redis
    handlers = bootstrap.handlers(alone, lambda plan_id: _plans(settings).load(plan_id).plan)
    try:
        with showing_progress() as progress:
            return run(job, handlers[job.kind], progress, SystemClock())
    finally:
        if not job.dry_run:  # nobody will try it again under this id
            BegunJobs(bootstrap.open_journal(settings).file).end(job.optimization_id)


def _job(settings: Settings, kind: str, optimization_id: str, options: JsonObject) -> Job:
    """Checked as at every door. Raises InvalidRequestError."""
    job = Job(
        optimization_id=optimization_id,
        kind=kind,
        host=settings.host,
        options=options,
        created_at=SystemClock().now(),
    )
    job.parsed_options()
    return job


def _asked(words: Sequence[str]) -> tuple[Kind, JsonObject, bool]:
    """The kind, its options and whether JSON is wanted."""
    kinds = {name.removeprefix("optimize_"): kind for name, kind in KINDS.items() if _can_be_planned(kind)}
    parser = argparse.ArgumentParser(
        prog="hro plan", description="Show what would be done to this host's storage. Nothing is changed.",
        usage="%(prog)s [-h] [--json] KIND [PATH] [--option VALUE …]", epilog="hro plan KIND --help lists its options.",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("kind", metavar="KIND", choices=[*kinds, *(kind.name for kind in kinds.values())],
                        help="one of " + ", ".join(kinds))  # fmt: skip
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    known = parser.parse_args(list(words))
    kind = kinds[known.kind.removeprefix("optimize_")]
    options, as_json = options_from_words(kind, known.rest)
    return kind, options, as_json or known.json


def _can_be_planned(kind: Kind) -> bool:
    return kind.resource is Resource.STORAGE and kind.changes_host and not kind.acts_on_a_job


def _plan_json(job: Job, made: Plan) -> JsonObject:
    return {
        "optimization_id": job.optimization_id,
        "kind": job.kind,
        "dry_run": True,
        "plan": made.summary(),
        "digest": made.digest,
        "notes": list(made.notes),
        "actions": [action.model_dump(mode="json") for action in made.actions],
    }


def _plans(settings: Settings) -> KeptPlans:
    return KeptPlans(settings.state_dir / "plans", settings.plan_minutes, SystemClock())


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
    sys.stdout.flush()
