"""Goals as they are written, and the verdict on each."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import benchmarks.goals
from benchmarks.goals import Goal, Verdict, parse
from benchmarks.storage.commands import BENCHES, MILLION

GOALS = Path(benchmarks.goals.__file__).with_name("goals.toml").read_text()
RATIO = '[[storage]]\non = "mixed"\nours = "a"\ntheirs = "b"\n'
positive = st.floats(0.01, 100)


def test_a_ratio_has_a_bound_and_an_aim() -> None:
    """The aim is the bound where it is not given; other harnesses' sections are theirs."""
    text = f'{RATIO}bound = 0.5\naim = 0.4\n{RATIO}bound = 2\n[[api]]\non = "x"'
    assert parse(text, "storage") == [Goal("mixed", "a", "b", 0.5, 0.4), Goal("mixed", "a", "b", 2.0, 2.0)]
    assert parse(text, "other") == []


def test_memory_has_a_bound_in_mb() -> None:
    """It stands alone, compared with nobody's."""
    assert parse('[[storage]]\non = "m"\nours = "a"\nbound_mb = 160', "storage") == [Goal("m", "a", None, 160, 160)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RATIO, "table 1: bound is missing"),
        (f"{RATIO}bound = 1\nbuond = 1", "table 1: buond is not known"),
        (f"{RATIO}bound = 1\n{RATIO}bound = 0", "table 2: 0 is no positive number"),
        (f"{RATIO}bound = nan", "nan is no positive number"),
        (f"{RATIO}bound = true", "True is no positive number"),
        (f'{RATIO}bound = "1"', "'1' is no positive number"),
        (f"{RATIO}bound = 1\naim = 1.1", "the aim 1.1 is easier than the bound 1"),
        (f"{RATIO}bound_mb = 1", "bound is missing"),
    ],
)
def test_a_wrong_goal_is_named(text: str, said: str) -> None:
    """A goal that cannot be judged is not passed over."""
    with pytest.raises(ValueError, match=said):
        parse(text, "storage")


@given(positive, st.floats(0.01, 1), positive)
def test_less_is_better(bound: float, share: float, measured: float) -> None:
    """Under the aim it is met, under the bound that is, and above it the goal is missed."""
    goal = Goal("mixed", "a", "b", bound, bound * share)
    verdict = goal.judge(measured)
    assert verdict.is_kept == (measured <= bound)
    assert (verdict is Verdict.AIM) == (measured <= goal.aim)


def test_the_limits_themselves_are_met() -> None:
    """At most the bound, not below it."""
    goal = Goal("mixed", "a", "b", bound=0.5, aim=0.4)
    assert [goal.judge(ratio) for ratio in (0.4, 0.41, 0.5, 0.51)] == [
        Verdict.AIM,
        Verdict.BOUND,
        Verdict.BOUND,
        Verdict.MISSED,
    ]


def test_what_is_not_known_is_not_kept() -> None:
    """A goal is not passed by measuring nothing."""
    assert not Goal("mixed", "a", "b", bound=0.5, aim=0.4).judge(None).is_kept


@pytest.mark.parametrize("goal", parse(GOALS, "storage"), ids=lambda goal: f"{goal.on}: {goal.title}")
def test_each_goal_names_what_is_measured(goal: Goal) -> None:
    """A misspelt name would never be judged."""
    bench = {bench.name: bench for bench in (*BENCHES, MILLION)}[goal.on]
    assert goal.ours in [command.name for command in bench.ours]
    assert goal.theirs is None or goal.theirs in [command.name for command in bench.commands]
