"""What each step of a policy asks of the parts of this room."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from optimizer.host.journal import Journal, State
from optimizer.plans import Plan
from optimizer.ports import Clock, Progress
from optimizer.storage.kept import plan_purge
from optimizer.storage.policy.handler import PlanStep
from optimizer.storage.policy.policy import Policy, Step
from optimizer.storage.reclaim import Part, joined
from optimizer.values import JsonObject

#: Cold files are those of a month, whatever a policy says of temporary ones
_COLD_DAYS = 30

#: The kind whose parts do a step, and what they are asked for
_ASKED: Mapping[Step, tuple[str, Callable[[Policy], list[JsonObject]]]] = {
    Step.CACHE: ("optimize_cache", lambda _policy: [{"allow_irreversible": True}]),  # the policy names it
    Step.LOGS: (
        "optimize_logs",
        lambda policy: [{"days_old": policy.min_age_days, "allow_irreversible": True}],
    ),
    Step.TEMP: ("optimize_temp", lambda policy: [*_temporary(policy)]),
    Step.DUPLICATES: ("optimize_duplicates", lambda policy: [{"path": policy.path, "action": "reflink"}]),
    Step.COMPRESS: (
        "optimize_compress",
        lambda policy: [{"path": policy.path, "days_old": max(_COLD_DAYS, policy.min_age_days)}],
    ),
}


def _temporary(policy: Policy) -> Iterator[JsonObject]:
    """The folders that the policy names; where it names none, those of the system."""
    age: JsonObject = {"days_old": policy.min_age_days}
    yield from ({**age, "path": path} for path in policy.temp_paths) if policy.temp_paths else (age,)


def policy_steps(
    parts: Mapping[str, Sequence[Part[Any, Any]]], journal: Journal, clock: Clock
) -> Mapping[Step, PlanStep]:
    """How each step is planned."""
    asked = {step: partial(_plan, parts.get(kind, ()), options) for step, (kind, options) in _ASKED.items()}
    return {Step.QUARANTINE: partial(_purge, journal, clock), **asked}


def _plan(
    parts: Sequence[Part[Any, Any]],
    asked: Callable[[Policy], list[JsonObject]],
    policy: Policy,
    progress: Progress,
) -> Plan:
    options = [(part, part.options_of(said)) for part in parts for said in asked(policy)]
    return joined([part.planned(said, part.look(said, progress)) for part, said in options])


def _purge(journal: Journal, clock: Clock, policy: Policy, _progress: Progress) -> Plan:
    before = clock.now() - timedelta(days=policy.quarantine_days)
    return plan_purge(journal.in_state(State.QUARANTINED, before=before.isoformat()))
