"""What a change of storage tells afterwards: counts, proven bytes, and what clients have always read. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from optimizer.events import EventType
from optimizer.plans import Outcome, OutcomeStatus, Plan, Verdict
from optimizer.runner import Applied, Finding
from optimizer.storage.classes import megabytes
from optimizer.storage.proof import prove
from optimizer.storage.types import CLEAR, PURGE, REDUNDANT, RESTORE
from optimizer.values import JsonObject


def conclude(applied: Applied) -> Finding:
    """Bytes count as freed once they are free: what waits in quarantine is counted beside them."""
    kind = applied.job.kind
    done = [outcome for outcome in applied.outcomes if outcome.status is OutcomeStatus.DONE]
    proof = prove(_sum(applied.outcomes, "freed_bytes"), applied.before, applied.after, applied.duration_ms / 1000)
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
        **({"caches_cleaned": _caches(applied.plan, done)} if kind == "optimize_cache" else {}),
    }
    return Finding(
        result=result,
        event={"kind": kind, **counts},
        gauges={"storage_freed_bytes": proof.freed_bytes},
        verdict=Verdict.IMPROVED if any(map(_had_effect, applied.outcomes)) else Verdict.NO_EFFECT,
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
    "optimize_compress": lambda done, freed: {
        "files_compressed": len(done),
        "space_saved": freed,
        "space_saved_mb": megabytes(freed),
    },
    "optimize_logs": lambda done, _freed: {"logs_processed": len(done)},
    "optimize_temp": lambda _done, _freed: {"files_removed": 0},
}


def _caches(plan: Plan, done: list[Outcome]) -> int:
    """By rules: a cache of files has an action for each of them."""
    return len({plan.actions[outcome.number].target["rule"] for outcome in done})


def _had_effect(outcome: Outcome) -> bool:
    """A manager may find nothing to clear, and one that failed may have cleared something before."""
    if outcome.measured.get("type") == CLEAR:
        return bool(outcome.measured["freed_bytes"])
    return outcome.status is OutcomeStatus.DONE


def _count(done: list[Outcome], action_type: str) -> int:
    return sum(outcome.measured.get("type") == action_type for outcome in done)


def _sum(done: Iterable[Outcome], measured: str) -> Any:
    return sum(outcome.measured.get(measured, 0) for outcome in done)
