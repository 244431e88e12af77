"""Plans and receipts for people."""

from collections.abc import Iterator

from optimizer.cli.local_text import human_size
from optimizer.paths import printable_text
from optimizer.plans import Plan
from optimizer.values import JsonObject

_ROWS = 20


def plan_text(optimization_id: str, kind: str, plan: Plan, *, can_be_applied: bool) -> Iterator[str]:
    """Lines: the first actions with their numbers, what all of them claim, the notes, and how to go on."""
    for action in plan.actions[:_ROWS]:
        undo = "" if action.reversible else "  (cannot be undone)"
        size = human_size(action.claimed_bytes)
        yield f"{action.number:>5}  {size:>10}  {action.type:<12} {printable_text(action.reason)}{undo}"
    if len(plan.actions) > _ROWS:
        yield f"{'':>5}  {'':>10}  … and {len(plan.actions) - _ROWS:,} more"
    for note in plan.notes:
        yield f"Note: {printable_text(note)}"
    claimed = human_size(sum(action.claimed_bytes for action in plan.actions))
    yield f"{kind}: {len(plan.actions):,} actions, {claimed} claimed. Nothing was changed."
    if plan.actions and not can_be_applied:
        yield "A policy is run by the service, which stops it at its low mark."
    elif plan.actions:
        yield f"To do exactly this: hro apply {optimization_id}"


def receipt_text(result: JsonObject) -> Iterator[str]:
    """Lines: what was done, what was left and why, and what the disk says."""
    done = [outcome for outcome in result["outcomes"] if outcome["status"] == "done"]
    yield f"{len(done):,} of {len(result['outcomes']):,} actions done; verdict: {result['verdict']}."
    for reason, count in result["skipped"].items():
        yield f"  {count:,} left: {printable_text(reason)}"
    proof = result["proof"]
    yield (
        f"Freed {human_size(result['space_freed_bytes'])}: {human_size(proof['accounted_bytes'])} by inode, the disk "
        f"shows {_signed(proof['measured_bytes'])} ± {human_size(proof['noise_bytes'])} ({proof['verdict']})."
    )
    if result["quarantined_bytes"]:
        yield (
            f"{human_size(result['quarantined_bytes'])} wait in quarantine: "
            f"hro undo {result['optimization_id']} brings them back, hro purge {result['optimization_id']} frees them."
        )


def _signed(size: int) -> str:
    return f"{'-' if size < 0 else '+'}{human_size(abs(size))}"
