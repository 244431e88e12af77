"""The handler of `optimize_docker`: it says why it changes nothing."""

from optimizer.docker.engine import engine_state
from optimizer.docker.plan import conclude, plan_docker
from optimizer.docker.state import EngineState
from optimizer.runner import Change, unknown_action


def optimize_docker(url: str) -> Change[EngineState]:
    """Plans nothing; `url` is empty for the engine of this host."""
    return Change(
        analyze=lambda _job, _progress: engine_state(url),
        plan=plan_docker,
        apply=unknown_action,
        # Counting takes an engine minutes, and nothing is changed between two counts
        measure=dict,
        conclude=conclude,
    )
