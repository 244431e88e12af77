"""What a change of storage tells afterwards: counts, proven bytes, and what clients have always read. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from optimizer.events import EventType
from optimizer.plans import Outcome, OutcomeStatus, Verdict
from optimizer.runner import Applied, Finding
from optimizer.storage.classes import megabytes
from optimizer.storage.proof import prove
from optimizer.storage.types import PURGE, REDUNDANT, RESTORE
from optimizer.values import JsonObject


def conclude(applied: Applied) -> Finding:
    """Bytes count as freed once they are free: what waits in quarantine is counted beside them."""
    kind = applied.job.kind
    done = [outcome for outcome in applied.outcomes if outcome.status is OutcomeStatus.DONE]
    proof = prove(_sum(done, "freed_bytes"), applied.before, applied.after, applied.duration_ms / 1000)
    claimed = sum(action.claimed_bytes for action in applied.plan.actions)
    counts: JsonObject = {
        "files_quarantined": sum("allocated_bytes" in outcome.measured for outcome in done),
        "files_restored": _count(done, RESTORE),
        "files_purged": _count(done, PURGE),
        "files_left": len(applied.outcomes) - len(done),
        "quarantined_bytes": _sum(done, "allocated_bytes"),
        "space_freed_bytes": proof.freed_bytes,
        "space_freed_mb": megabytes(proof.freed_bytes),
    }
    result = {
        **counts,
        "estimated_space_freed_mb": megabytes(claimed),
        "actual_space_freed_mb": megabytes(proof.freed_bytes),
        "proof": proof.to_json(claimed),
        "skipped": dict(Counter(outcome.reason for outcome in applied.outcomes if outcome not in done)),
        "initial_disk_percent": applied.before["disk_percent"],
        "final_disk_percent": applied.after["disk_percent"],
        **_ORIGINAL_FIELDS.get(kind, _nothing)(done, proof.freed_bytes),
    }
    return Finding(
        result=result,
        event={"kind": kind, **counts},
        gauges={"storage_freed_bytes": proof.freed_bytes},
        verdict=Verdict.IMPROVED if done else Verdict.NO_EFFECT,
        also=_triggered(applied, counts),
    )


def _triggered(applied: Applied, counts: JsonObject) -> Mapping[EventType, JsonObject]:
    """That a policy acted is an event of its own."""
    policy = applied.job.options.get("policy")
    return {EventType.POLICY_TRIGGERED: {"policy": policy, **counts}} if policy and applied.plan.actions else {}


def _nothing(_done: list[Outcome], _freed: int) -> JsonObject:
    return {}


#: The fields that clients read of one kind alone
_ORIGINAL_FIELDS: Mapping[str, Callable[[list[Outcome], int], JsonObject]] = {
    "optimize_duplicates": lambda done, freed: {
        "duplicates_removed": len(done),
        "files_removed": _count(done, REDUNDANT),
        "space_freed": freed,
    },
    "optimize_cache": lambda done, _freed: {"caches_cleaned": len(done)},
    "optimize_compress": lambda done, freed: {
        "files_compressed": len(done),
        "space_saved": freed,
        "space_saved_mb": megabytes(freed),
    },
    "optimize_logs": lambda done, _freed: {"logs_processed": len(done)},
    "optimize_temp": lambda _done, _freed: {"files_removed": 0},
}


def _count(done: list[Outcome], action_type: str) -> int:
    return sum(outcome.measured.get("type") == action_type for outcome in done)


def _sum(done: list[Outcome], measured: str) -> Any:
    return sum(outcome.measured.get(measured, 0) for outcome in done)
