"""What undo and purge do with the files that a job moved into quarantine. Pure."""

from collections.abc import Sequence

from optimizer.host.journal import Entry
from optimizer.paths import exact, readable
from optimizer.plans import Action, Plan, Verdict
from optimizer.runner import Applied, Finding

RESTORE, PURGE = "restore", "purge"


def plan_restore(entries: Sequence[Entry]) -> Plan:
    """The last one moved comes back first."""
    return _plan(list(reversed(entries)), RESTORE, reversible=True)


def plan_purge(entries: Sequence[Entry]) -> Plan:
    """Deleting cannot be undone; asking for it is the consent."""
    return _plan(list(entries), PURGE, reversible=False)


def _plan(entries: list[Entry], action: str, *, reversible: bool) -> Plan:
    verb = "comes back" if action == RESTORE else "is deleted"
    return Plan(
        actions=tuple(
            Action(
                number=number,
                type=action,
                target={**entry.facts["target"], "of": {"job": entry.optimization_id, "number": entry.number}},
                relied_on=entry.facts["moved"],
                reversible=reversible,
                claimed_bytes=0 if reversible else int(entry.facts["allocated_bytes"]),
                reason=f"{readable(exact(entry.facts['target']))} {verb}",
            )
            for number, entry in enumerate(entries)
        ),
        notes=() if entries else ("This job has nothing in quarantine on this host.",),
    )


def conclude_restore(applied: Applied) -> Finding:
    count = sum(bool(outcome.measured) for outcome in applied.outcomes)
    return Finding(
        result={"files_restored": count, "files_left": len(applied.outcomes) - count},
        event={"files_restored": count},
        verdict=Verdict.IMPROVED if count else Verdict.NO_EFFECT,
    )


def conclude_purge(applied: Applied) -> Finding:
    """Freed is what each inode had allocated and nobody else holds; statvfs says beside it what the disk saw."""
    freed = sum(int(outcome.measured.get("freed_bytes", 0)) for outcome in applied.outcomes)
    purged = sum(bool(outcome.measured) for outcome in applied.outcomes)
    return Finding(
        result={"files_purged": purged, "space_freed_bytes": freed, "space_freed_mb": round(freed / 2**20, 3)},
        event={"files_purged": purged, "space_freed_bytes": freed},
        gauges={"storage_freed_bytes": freed},
        verdict=Verdict.IMPROVED if freed else Verdict.NO_EFFECT,
    )
