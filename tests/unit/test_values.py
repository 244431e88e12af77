"""Values that cross the queue and the store."""

from hypothesis import given

from optimizer.jobs import Job
from optimizer.plans import Action, Plan
from tests import strategies


@given(strategies.jobs)
def test_a_job_survives_its_json(job: Job) -> None:
    """decode(encode(job)) is the job."""
    assert Job.model_validate_json(job.model_dump_json()) == job


@given(strategies.plans)
def test_a_plan_survives_its_json_with_its_digest(plan: Plan) -> None:
    """A plan that is stored and read again is the plan that was shown."""
    again = Plan.model_validate_json(plan.model_dump_json())
    assert (again, again.digest) == (plan, plan.digest)


@given(strategies.plans, strategies.actions)
def test_one_action_more_is_another_plan(plan: Plan, action: Action) -> None:
    """The digest tells plans apart."""
    longer = Plan(actions=(*plan.actions, action), notes=plan.notes)
    assert longer.digest != plan.digest


@given(strategies.plans)
def test_a_plan_is_reversible_if_each_of_its_actions_is(plan: Plan) -> None:
    """One action that cannot be undone makes the plan one that cannot."""
    assert plan.reversible is not any(not action.reversible for action in plan.actions)
