"""What is planned to reclaim storage. Pure."""

from collections.abc import Mapping

from optimizer.plans import Plan
from optimizer.runner import Applied, Finding
from optimizer.values import JsonObject

#: The fields that clients read of the result of each kind, as they are while nothing was done.
_FIELDS: Mapping[str, JsonObject] = {
    "optimize_disk": {},
    "optimize_storage": {"estimated_space_freed_mb": 0.0, "actual_space_freed_mb": 0.0},
    "optimize_cache": {"caches_cleaned": 0},
}


def no_action_yet(kind: str) -> Plan:
    """A plan without actions that says so: a job that does nothing must not look like one that found nothing."""
    return Plan(notes=(f"This version has no safe action for {kind} yet, so nothing is planned and nothing changed.",))


def conclude_nothing(kind: str, applied: Applied) -> Finding:
    """The result where no action was planned: nothing freed, whatever free space others gained or took meanwhile."""
    return Finding(
        result={
            **_FIELDS[kind],
            "space_freed_bytes": 0,
            "space_freed_mb": 0.0,
            "initial_disk_percent": applied.before["disk_percent"],
            "final_disk_percent": applied.after["disk_percent"],
        },
        event={"kind": kind, "space_freed_bytes": 0},
        gauges={"storage_freed_bytes": 0},
    )
