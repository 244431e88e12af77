"""optimize_storage with `policy`: decide, plan what its steps plan in its order, and stop at the low mark."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from optimizer.errors import HroError, InvalidRequestError
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal
from optimizer.jobs import Job
from optimizer.options import StorageOptions
from optimizer.paths import exact
from optimizer.plans import Plan
from optimizer.ports import Clock, Progress
from optimizer.runner import Change
from optimizer.storage.clean.rule import Catalogue
from optimizer.storage.guard import Guard, Unguarded
from optimizer.storage.hands import Hands
from optimizer.storage.policy.breaker import Breaker
from optimizer.storage.policy.decide import Decision, decide, within_budget
from optimizer.storage.policy.policy import Policy, Step
from optimizer.storage.policy.watch import PolicyGuard, watched
from optimizer.storage.reclaim import change, joined

#: Between the two looks that must agree, in seconds: a file that is written and deleted again is no reason to act
_PAUSE = 10.0
#: Earlier runs that are looked at
_RUNS = 20

#: Looks, and plans, one step of a policy
PlanStep = Callable[[Policy, Progress], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Runs the policies of this host."""

    named: Mapping[str, Policy]
    steps: Mapping[Step, PlanStep]
    roots: ScanRoots
    journal: Journal
    clock: Clock
    other_owner: Callable[[], str | None]  #: who else reclaims space on this host, None where nobody does
    patience_seconds: float = 0.0  #: to wait for another change of the same roots
    catalogue: Catalogue = field(default_factory=Catalogue)
    pause: Callable[[float], None] = time.sleep

    def handler(self, without_policy: Change[Any]) -> Change[Any]:
        """For jobs that name a policy; `without_policy` does the others, with its own plan."""
        hands = Hands(self.roots, self.journal, self.patience_seconds, self._guard_for, self.catalogue)

        def look(job: Job, progress: Progress) -> Any:
            policy = self._policy_of(job)
            return self._look(policy, progress) if policy else without_policy.analyze(job, progress)

        def plan(job: Job, seen: Any) -> Plan:
            policy = self._policy_of(job)
            return within_budget(seen, policy) if policy else without_policy.plan(job, seen)

        return change(hands, look, plan)

    def _policy_of(self, job: Job) -> Policy | None:
        """Raises InvalidRequestError where it names one that there is not."""
        name = StorageOptions.model_validate(dict(job.options)).policy
        if name is None:
            return None
        if name not in self.named:
            known = ", ".join(sorted(self.named)) or "none; see HRO_POLICIES"
            raise InvalidRequestError(f"policy: this host has no policy {name}; known are {known}.")
        return self.named[name]

    def _look(self, policy: Policy, progress: Progress) -> Plan:
        owner = self.other_owner()
        if owner:
            return Plan(notes=(f"{owner} reclaims space on this host, so the policy {policy.name} leaves it alone.",))
        decision = self._decision(policy)
        notes = Plan(notes=(f"Policy {policy.name}: {decision.reason}",))
        if not decision.acts:
            return notes
        plans = [self.steps[step](policy, progress) for step in policy.order]
        return joined([notes, *(self._on_its_filesystem(policy, plan) for plan in plans)])

    def _decision(self, policy: Policy) -> Decision:
        with watched(self.roots, policy) as watch:
            first = watch.level()
            self.pause(_PAUSE)
            looks = (first, watch.level())
        return decide(policy, looks, self.journal.runs(policy.name, _RUNS), self.clock.now())

    def _on_its_filesystem(self, policy: Policy, plan: Plan) -> Plan:
        """Only what frees space where it is wanted."""
        with watched(self.roots, policy) as watch:
            wanted = watch.look().device
        devices = {root: self._device(root) for root in {exact(action.target["root"]) for action in plan.actions}}
        actions = tuple(action for action in plan.actions if devices[exact(action.target["root"])] == wanted)
        return plan.model_copy(update={"actions": actions})

    def _device(self, root: bytes) -> int | None:
        """None where it cannot be opened: a root whose files wait in quarantine may be away, or be none any more."""
        try:
            descriptor = self.roots.open(root)
        except HroError:
            return None
        try:
            return os.fstat(descriptor).st_dev
        finally:
            os.close(descriptor)

    @contextmanager
    def _guard_for(self, job: Job, plan: Plan) -> Iterator[Guard]:
        policy = self._policy_of(job)
        if policy is None or not plan.actions:
            yield Unguarded()
            return
        with watched(self.roots, policy) as watch:
            room = watch.look()
            wanted = decide(policy, [watch.level()], (), self.clock.now()).wanted_bytes
            breaker = Breaker(planned=len(plan.actions), total_bytes=room.total_bytes, free_at_start=room.free_bytes)
            guarded = PolicyGuard(watch, breaker)
            try:
                yield guarded
            finally:
                self.journal.note_run(policy.name, wanted_bytes=wanted, freed_bytes=guarded.freed_bytes)
