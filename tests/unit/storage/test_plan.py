"""What is planned to reclaim storage."""

import pytest

from optimizer.plans import Plan
from optimizer.runner import Applied
from optimizer.storage.changes import WITHOUT_ACTIONS
from optimizer.storage.plan import conclude_nothing, no_action_yet
from tests.fakes.submitted import new_job

RECLAIMING = list(WITHOUT_ACTIONS)


@pytest.mark.parametrize("kind", RECLAIMING)
def test_a_plan_without_actions_says_why(kind: str) -> None:
    """Nobody takes a kind that is not there yet for a host without waste."""
    plan = no_action_yet(kind)
    assert plan.actions == ()
    assert kind in plan.notes[0]


@pytest.mark.parametrize("kind", RECLAIMING)
def test_a_result_claims_nothing(kind: str) -> None:
    """Whatever others freed meanwhile: every count and every sum is zero, and the disk is as full as it is."""
    applied = Applied(
        job=new_job(),
        plan=Plan(),
        outcomes=(),
        before={"disk_percent": 40.0},
        after={"disk_percent": 39.5},
        duration_ms=3,
    )
    result = dict(conclude_nothing(kind, applied).result)
    assert (result.pop("initial_disk_percent"), result.pop("final_disk_percent")) == (40.0, 39.5)
    assert set(result.values()) == {0}
