"""A plan is what a dry run shows and what applying does, action by action. A receipt is what came of it."""

import hashlib
from enum import StrEnum

from pydantic import Field

from optimizer.values import JsonObject, Value


class Action(Value):
    """One change, with the facts that it relies on."""

    number: int  #: its place in the plan, from 0
    type: str  #: such as trim_heap
    target: JsonObject  #: what it acts on, such as {"path": ...} or {"pid": ...}
    relied_on: JsonObject = Field(default_factory=dict)  #: what must still hold when it is applied
    reversible: bool
    claimed_bytes: int = 0  #: what it is expected to free; what it freed is measured
    reason: str  #: why it is in the plan


class Plan(Value):
    """Frozen actions in the order in which they are applied, or the reasons why there are none."""

    actions: tuple[Action, ...] = Field((), strict=False)
    notes: tuple[str, ...] = Field((), strict=False)  #: why something was left out or is unavailable

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's canonical JSON: two plans with one digest do the same."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def reversible(self) -> bool:
        return all(action.reversible for action in self.actions)

    def summary(self) -> JsonObject:
        return {
            "actions": len(self.actions),
            "claimed_bytes": sum(action.claimed_bytes for action in self.actions),
            "irreversible_actions": sum(not action.reversible for action in self.actions),
            "notes": list(self.notes),
            "digest": self.digest,
        }


class OutcomeStatus(StrEnum):
    DONE = "done"
    SKIPPED = "skipped"  #: what the action relied on no longer held; nothing was changed
    FAILED = "failed"


class Outcome(Value):
    """What became of one action."""

    number: int
    status: OutcomeStatus
    reason: str = ""
    code: str = ""  #: of the error that kept it from being done: one of ours, or errno's name, such as ENOSPC
    measured: JsonObject = Field(default_factory=dict)


class Verdict(StrEnum):
    """What the measurements before and after say of the whole change."""

    IMPROVED = "improved"
    NO_EFFECT = "no_effect"
    MADE_WORSE = "made_worse"
    PLANNED = "planned"  #: a dry run
    NOTHING_TO_DO = "nothing_to_do"
