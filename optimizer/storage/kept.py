"""What undo and purge do with what a job changed. Pure."""

from collections.abc import Sequence

from optimizer.host.journal import Entry, State
from optimizer.paths import exact, readable
from optimizer.plans import Action, Plan
from optimizer.storage.types import PURGE, REFLINK, RESTORE

#: What an undo can bring back, and what a purge can delete
UNDOABLE = frozenset({State.QUARANTINED, State.REPLACED})
PURGEABLE = frozenset({State.QUARANTINED})


def plan_restore(entries: Sequence[Entry]) -> Plan:
    """The last one changed comes back first."""
    sharing = sum(needs_no_undo(entry) for entry in entries)
    note = f"{sharing} files share their blocks with a copy. Content and names are as they were: that needs no undo."
    undoable = [entry for entry in reversed(entries) if entry.state in UNDOABLE]
    return _plan(undoable, RESTORE, [note] if sharing else [])


def needs_no_undo(entry: Entry) -> bool:
    """Whether it was done, and changed nothing that anybody could see."""
    return entry.state is State.DONE and entry.facts["type"] == REFLINK


def plan_purge(entries: Sequence[Entry]) -> Plan:
    """Deleting cannot be undone; asking for it is the consent."""
    notes = [] if entries else ["Nothing has waited in quarantine for so long."]
    return _plan([entry for entry in entries if entry.state in PURGEABLE], PURGE, notes)


def _plan(entries: list[Entry], action: str, notes: Sequence[str]) -> Plan:
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
        ),
        notes=tuple(notes),
    )
