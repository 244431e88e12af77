"""Applying a plan: exactly the one that was looked at, while it is fresh, and once."""

from datetime import timedelta

from flask import request

from api.routing import Call
from api.submitting import follow_up
from optimizer.errors import (
    NothingToApplyError,
    PlanAppliedError,
    PlanChangedError,
    PlanExpiredError,
    PlanNotNamedError,
)
from optimizer.jobs import JobRecord
from optimizer.kinds import KINDS
from optimizer.options import NoOptions
from optimizer.store.jobs import Idempotency, Submission

_POLICY = "A policy decides by what it finds when it acts, and stops at its low mark: run it without dry_run instead."


def apply_plan(at: Call, record: JobRecord) -> str:
    """Submit the job that does what `record` planned; its id. Raises the errors above, and JobNotEndedError."""
    kind, parent = KINDS["apply_plan"], record.job
    job = follow_up(at, kind, record, NoOptions())
    plan = record.plan
    if not plan or not plan["actions"] or not parent.dry_run or parent.resource is not kind.resource:
        raise NothingToApplyError(optimization_id=parent.optimization_id)
    if parent.options.get("policy"):
        raise NothingToApplyError(_POLICY, optimization_id=parent.optimization_id)
    if not request.if_match or request.if_match.star_tag:  # * would be whatever plan it is
        raise PlanNotNamedError
    if not request.if_match.contains(plan["digest"]):
        raise PlanChangedError(digest=plan["digest"])
    age = at.service.parts.clock.now() - (record.finished_at or parent.created_at)
    if age > timedelta(minutes=at.service.settings.plan_minutes):
        raise PlanExpiredError
    named = job.model_copy(update={"options": {**job.options, "digest": plan["digest"]}})
    # Whoever submits it under this name first applies it; the name outlives the plan
    once = Idempotency(key=f"apply:{parent.optimization_id}", fingerprint="apply")
    outcome, taken = at.service.parts.store.submit(named, idempotency=once)
    if outcome is not Submission.NEW:
        raise PlanAppliedError(optimization_id=taken)
    return taken
