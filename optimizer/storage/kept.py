"""What undo and purge do with what a job changed. Pure."""

from collections.abc import Sequence

from optimizer.host.journal import Entry, State
from optimizer.paths import exact, readable
from optimizer.plans import Action, Plan
from optimizer.storage.types import PURGE, RESTORE

#: What an undo can bring back, and what a purge can delete
UNDOABLE = frozenset({State.QUARANTINED, State.REPLACED})
PURGEABLE = frozenset({State.QUARANTINED})


def plan_restore(entries: Sequence[Entry]) -> Plan:
    """The last one changed comes back first."""
    return _plan([entry for entry in reversed(entries) if entry.state in UNDOABLE], RESTORE)


def plan_purge(entries: Sequence[Entry]) -> Plan:
    """Deleting cannot be undone; asking for it is the consent."""
    return _plan([entry for entry in entries if entry.state in PURGEABLE], PURGE)


def _plan(entries: list[Entry], action: str) -> Plan:
    verb = "comes back" if action == RESTORE else "is deleted"
    return Plan(
        actions=tuple(
            Action(
                number=number,
                type=action,
                target={**entry.facts["target"], "of": {"job": entry.optimization_id, "number": entry.number}},
                relied_on={"state": entry.state.value},
                reversible=action == RESTORE,
                claimed_bytes=int(entry.facts["allocated_bytes"]) if action == PURGE else 0,
                reason=f"{readable(exact(entry.facts['target']))} {verb}",
            )
            for number, entry in enumerate(entries)
        )
    )
