"""Whether a policy acts, and how far. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from optimizer.plans import Action, Plan
from optimizer.storage.policy.policy import Policy

#: A run that freed less than this part of what was wanted was in vain; the next one waits …
_IN_VAIN = 0.01
#: … for so long, twice as long after each further one, a day at most
_FIRST_WAIT, _LONGEST_WAIT = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How full a filesystem is, in percent of what others than root may use, as df shows it."""

    bytes_percent: float
    inodes_percent: float  #: 0 where the filesystem has no fixed number of inodes
    total_bytes: int


class Run(Protocol):
    """What a policy did before."""

    @property
    def at(self) -> datetime: ...

    @property
    def wanted_bytes(self) -> int: ...

    @property
    def freed_bytes(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    acts: bool
    reason: str
    wanted_bytes: int = 0  #: to come from the present level to the low mark


def decide(policy: Policy, looks: Sequence[Level], runs: Iterable[Run], now: datetime) -> Decision:
    """`looks` are taken some time apart, the last one now; all must find the same. `runs` are the earlier ones."""
    last = looks[-1]
    if not all(_is_over(policy, look) for look in looks):
        return Decision(acts=False, reason=f"It is {last.bytes_percent} % full, which is under the high mark.")
    waits_until = _waits_until(runs)
    if waits_until and now < waits_until:
        reason = f"Earlier runs were in vain, so it waits until {waits_until.isoformat(timespec='seconds')}."
        return Decision(acts=False, reason=reason)
    wanted = max(0, round((last.bytes_percent - policy.low_percent) / 100 * last.total_bytes))
    return Decision(acts=True, reason=f"It is {last.bytes_percent} % full.", wanted_bytes=wanted)


def is_low_enough(policy: Policy, level: Level) -> bool:
    """Whether there is nothing left to reclaim for."""
    inodes = policy.inodes_low_percent is None or level.inodes_percent <= policy.inodes_low_percent
    return inodes and level.bytes_percent <= policy.low_percent


def _is_over(policy: Policy, level: Level) -> bool:
    inodes = policy.inodes_high_percent is not None and level.inodes_percent > policy.inodes_high_percent
    return inodes or level.bytes_percent > policy.high_percent


def _waits_until(runs: Iterable[Run]) -> datetime | None:
    newest_first = sorted(runs, key=lambda run: run.at, reverse=True)
    in_vain = 0
    for run in newest_first:
        if not _was_in_vain(run):
            break
        in_vain += 1
    if not in_vain:
        return None
    doubled: int = 2 ** min(in_vain - 1, 10)
    return newest_first[0].at + min(_LONGEST_WAIT, _FIRST_WAIT * doubled)


def _was_in_vain(run: Run) -> bool:
    return run.freed_bytes < max(1, run.wanted_bytes * _IN_VAIN)


def within_budget(plan: Plan, policy: Policy) -> Plan:
    """The first actions of a plan that claim no more bytes, and touch no more files, than a run may.

    One that alone claims more than any run may is left out, so that it does not stand in the way of all others.
    """
    possible = [action for action in plan.actions if action.claimed_bytes <= policy.max_bytes]
    taken: list[Action] = []
    claimed = 0
    for action in possible:
        if len(taken) == policy.max_files or claimed + action.claimed_bytes > policy.max_bytes:
            break
        taken.append(action.model_copy(update={"number": len(taken)}))
        claimed += action.claimed_bytes
    notes = list(plan.notes)
    if len(possible) < len(plan.actions):
        notes.append(f"Left {len(plan.actions) - len(possible)} actions that are larger than max_bytes each.")
    if len(taken) < len(possible):
        notes.append(f"Left {len(possible) - len(taken)} more actions for the next run: this one's budget is used up.")
    return Plan(actions=tuple(taken), notes=tuple(notes))
