"""Why nothing is removed from Docker in this version. Pure."""

from optimizer.docker.state import EngineState
from optimizer.jobs import Job
from optimizer.plans import Plan
from optimizer.runner import Applied, Finding


def plan_docker(_job: Job, engine: EngineState) -> Plan:
    """No action, and the reason."""
    if engine.state != "healthy":
        return Plan(notes=(f"No Docker engine answers: {engine.reason}.",))
    return Plan(notes=("This version removes nothing from Docker; analyze_docker says what could be reclaimed.",))


def conclude(_applied: Applied) -> Finding:
    return Finding(result={"containers_removed": 0, "images_removed": 0})
