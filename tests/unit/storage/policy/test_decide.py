"""When a policy acts, and how much it may do."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.host.journal import Run
from optimizer.plans import Action, Plan
from optimizer.storage.policy.decide import Level, decide, is_low_enough, within_budget
from optimizer.storage.policy.policy import Policy, Step
from tests.fakes.clock import NOON


def policy(**changes: object) -> Policy:
    usual = {"high_percent": 85, "low_percent": 75, "max_bytes": 100, "max_files": 3, "order": (Step.TEMP,)}
    return Policy.model_validate({"name": "data", "path": "/srv"} | usual | changes)


def level(bytes_percent: float, inodes_percent: float = 0.0) -> Level:
    return Level(bytes_percent=bytes_percent, inodes_percent=inodes_percent, total_bytes=1000)


def in_vain(hours_ago: float) -> Run:
    return Run(at=NOON - timedelta(hours=hours_ago), wanted_bytes=1000, freed_bytes=9)


def test_it_acts_over_the_high_mark_and_wants_to_come_to_the_low_one() -> None:
    """From 86 % to 75 % of 1,000 bytes."""
    decision = decide(policy(), [level(86), level(86)], [], NOON)
    assert (decision.acts, decision.wanted_bytes) == (True, 110)


@pytest.mark.parametrize("looks", [(86, 85), (84, 86), (85, 85)])
def test_all_looks_must_agree(looks: tuple[float, float]) -> None:
    """A file that was written and deleted again is no reason to act, and 85 % is not over 85 %."""
    assert not decide(policy(), [level(look) for look in looks], [], NOON).acts


def test_inodes_count_as_bytes_do() -> None:
    """A filesystem without a free inode is as full as one without a free block."""
    watching = policy(inodes_high_percent=90, inodes_low_percent=80)
    assert decide(watching, [level(10, 95)] * 2, [], NOON).acts
    assert not decide(policy(), [level(10, 95)] * 2, [], NOON).acts
    assert not is_low_enough(watching, level(10, 81))
    assert is_low_enough(watching, level(75, 80))


@pytest.mark.parametrize(
    ("runs", "acts"),
    [
        ([in_vain(0.9)], False),
        ([in_vain(1.1)], True),
        ([in_vain(1.1), in_vain(5)], False),
        ([in_vain(2.1), in_vain(5)], True),
        ([in_vain(23)] * 30, False),
        ([in_vain(24.1)] * 30, True),
        ([Run(at=NOON, wanted_bytes=1000, freed_bytes=10), in_vain(1)], True),
    ],
)
def test_what_was_in_vain_is_not_tried_at_once_again(runs: list[Run], acts: bool) -> None:
    """An hour, then two, then four, a day at most; until a run has freed a hundredth of what it wanted."""
    assert decide(policy(), [level(90)] * 2, runs, NOON).acts is acts


actions = st.lists(st.integers(0, 60), max_size=8).map(
    lambda sizes: tuple(
        Action(number=number, type="purge", target={}, reversible=False, claimed_bytes=size, reason="")
        for number, size in enumerate(sizes)
    )
)


@given(actions)
def test_a_run_never_crosses_its_budgets(planned: tuple[Action, ...]) -> None:
    """It takes the first actions that fit, in their order, and says that others are left."""
    taken = within_budget(Plan(actions=planned), policy(max_bytes=50))
    fitting = [action for action in planned if action.claimed_bytes <= 50]
    assert sum(action.claimed_bytes for action in taken.actions) <= 50
    assert len(taken.actions) <= 3
    assert [action.claimed_bytes for action in taken.actions] == [
        action.claimed_bytes for action in fitting[: len(taken.actions)]
    ]
    assert [action.number for action in taken.actions] == list(range(len(taken.actions)))
    assert bool(taken.notes) == (len(taken.actions) < len(planned))


def test_one_action_that_is_too_large_stands_in_nobodys_way() -> None:
    """It would be first in every run, and no run would do anything."""
    sizes = (60, 20, 20)
    planned = tuple(
        Action(number=number, type="purge", target={}, reversible=False, claimed_bytes=size, reason="")
        for number, size in enumerate(sizes)
    )
    taken = within_budget(Plan(actions=planned), policy(max_bytes=50))
    assert [action.claimed_bytes for action in taken.actions] == [20, 20]
    assert taken.notes == ("Left 1 actions that are larger than max_bytes each.",)
