"""That optimize_docker plans nothing, and says why."""

import pytest

from optimizer.docker.plan import conclude, plan_docker
from optimizer.docker.state import EngineState
from optimizer.plans import Plan
from optimizer.runner import Applied
from tests.fakes.job import job
from tests.fakes.submitted import new_job


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        (EngineState(state="unavailable", reason="none is configured"), "none is configured"),
        (EngineState(state="unhealthy", reason="timed out"), "timed out"),
        (EngineState(state="healthy"), "removes nothing"),
    ],
)
def test_the_reason_is_told(engine: EngineState, said: str) -> None:
    """No engine, or an engine that this version leaves alone."""
    plan = plan_docker(job("optimize_docker"), engine)
    assert plan.actions == ()
    assert said in plan.notes[0]


def test_the_result_has_the_fields_of_the_original() -> None:
    """Nothing was removed."""
    finding = conclude(Applied(job=new_job(), plan=Plan(), outcomes=(), before={}, after={}, duration_ms=0))
    assert finding.result == {"containers_removed": 0, "images_removed": 0}
