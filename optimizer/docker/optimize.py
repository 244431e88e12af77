"""The handler of `optimize_docker`: it says why it changes nothing."""

from optimizer.docker.engine import engine_state
from optimizer.docker.plan import conclude, plan_docker
from optimizer.docker.state import EngineState
from optimizer.plans import Action, Outcome, OutcomeStatus
from optimizer.ports import Progress
from optimizer.runner import Change


def optimize_docker(url: str) -> Change[EngineState]:
    """Plans nothing; `url` is empty for the engine of this host."""
    return Change(
        analyze=lambda _job, _progress: engine_state(url),
        plan=plan_docker,
        apply=_refuse,
        # Counting takes an engine minutes, and nothing is changed between two counts
        measure=dict,
        conclude=conclude,
    )


def _refuse(action: Action, _progress: Progress) -> Outcome:
    """No plan of this version has an action; one from elsewhere is not applied."""
    return Outcome(
        number=action.number, status=OutcomeStatus.FAILED, reason=f"this worker knows no action {action.type}"
    )
