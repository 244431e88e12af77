"""From runs to ratios, verdicts and the exit code."""

import json

import pytest

from benchmarks.figures import Run
from benchmarks.goals import Goal, Verdict
from benchmarks.storage.__main__ import exit_code
from benchmarks.storage.outcome import Judged, Outcome, judge
from benchmarks.storage.report import goals_text, growth_text, outcome_text

TREE = {"inodes": 1000, "bytes": 5_000_000, "groups": 3, "redundant_files": 4}
HALF = Goal("mixed", "hro dupes", "jdupes -rq", bound=0.5, aim=0.4)
MEMORY = Goal("mixed", "hro dupes", None, bound=25, aim=25)


def run(wall: float, peak_mb: float = 20) -> Run:
    return Run(wall, 2 * wall, peak_mb, floor_mb=12, exit_code=0, quiet=True)


def outcome(
    ours: list[float], theirs: list[float], *, wrong: str = "", absent: str = "", peak_mb: float = 20
) -> Outcome:
    times = {"hro dupes": ours, "jdupes -rq": theirs}
    return Outcome(
        bench="mixed",
        tree=TREE,
        ours=["hro dupes"],
        peers=["jdupes -rq"],
        rounds=[
            {name: run(times[name][number], peak_mb) for name in times if name != absent} for number in range(len(ours))
        ],
        left_out={absent: "not installed"} if absent else {},
        problems={wrong: ["missing ('a', 'b')"]} if wrong else {},
    )


def verdicts(measured: Outcome, *goals: Goal) -> list[Verdict]:
    return [row.verdict for row in judge(goals, [measured])]


def test_the_median_of_the_ratios_is_judged() -> None:
    """One bad round of five does not miss a goal."""
    assert verdicts(outcome([1, 1, 1, 1, 9], [3, 3, 3, 3, 3]), HALF) == [Verdict.AIM]
    assert verdicts(outcome([1, 9, 9], [3, 3, 3]), HALF) == [Verdict.MISSED]


def test_memory_is_the_largest_of_all_rounds() -> None:
    """In MB, against a bound of its own."""
    assert verdicts(outcome([1], [1], peak_mb=24), MEMORY) == [Verdict.AIM]
    assert verdicts(outcome([1], [1], peak_mb=26), MEMORY) == [Verdict.MISSED]


def test_goals_of_other_trees_are_not_judged() -> None:
    """Only what was asked for is measured."""
    assert judge([Goal("million", "hro dupes", None, 160, 160)], [outcome([1], [1])]) == []


@pytest.mark.parametrize(
    ("wrong", "absent", "why"),
    [
        ("hro dupes", "", "hro dupes answered wrongly"),
        ("jdupes -rq", "", "jdupes -rq failed"),
        ("", "jdupes -rq", "not installed"),
    ],
)
def test_a_ratio_that_means_nothing_is_not_told(wrong: str, absent: str, why: str) -> None:
    """However fast the wrong answer came, or the peer failed."""
    row = judge([HALF], [outcome([1], [9], wrong=wrong, absent=absent)])[0]
    assert (row.measured, row.why, row.verdict) == (None, why, Verdict.UNKNOWN)


def test_a_wrong_answer_ends_with_1() -> None:
    """With goals or without; a peer's failure is not ours."""
    assert exit_code([outcome([1], [9], wrong="hro dupes")], [], enforce=False) == 1
    assert exit_code([outcome([1], [9], wrong="jdupes -rq")], [], enforce=False) == 0


@pytest.mark.parametrize(("ratio", "enforced"), [(0.3, 0), (0.45, 0), (0.6, 1), (None, 1)])
def test_a_goal_that_is_not_kept_ends_with_1(ratio: float | None, enforced: int) -> None:
    """Where goals are enforced: a missed bound does, a missed aim does not, and a goal not measured does."""
    measured = outcome([ratio], [1]) if ratio else outcome([1], [1], absent="jdupes -rq")
    judged = judge([HALF], [measured])
    assert exit_code([measured], judged, enforce=True) == enforced
    assert exit_code([measured], judged, enforce=False) == 0


def test_json_holds_every_run_and_ratio() -> None:
    """So that anybody can compute the medians again."""
    told = json.loads(json.dumps(outcome([1, 2], [2, 2]).to_json()))
    assert [runs["hro dupes"]["wall"] for runs in told["rounds"]] == [1, 2]
    assert told["ratios"] == [{"ours": "hro dupes", "theirs": "jdupes -rq", "median": 0.75, "low": 0.5, "high": 1}]
    assert told["commands"]["hro dupes"]["cpu"]["median"] == 3


def test_people_read_the_same() -> None:
    """Medians with their range, the ratio, what was left out, and what is wrong."""
    text = "\n".join(outcome_text(outcome([1, 2], [2, 2])))
    assert "1.500 (1.000-2.000)" in text
    assert "0.75 (0.50-1.00)" in text
    assert "jdupes -rq: not installed" in list(outcome_text(outcome([1], [1], absent="jdupes -rq")))
    assert "WRONG hro dupes: missing ('a', 'b')" in list(outcome_text(outcome([1], [1], wrong="hro dupes")))


def test_a_peak_below_the_floor_is_only_known_to_be_no_larger() -> None:
    """And nothing is computed with it."""
    small = outcome([1], [1], peak_mb=12)
    assert any("<= 12" in line for line in outcome_text(small))
    assert list(growth_text(small, outcome([3], [2], peak_mb=40)))[-1].split() == ["jdupes", "-rq", "2.00"]


def test_goals_are_shown_with_what_was_measured() -> None:
    """Or with why nothing was."""
    rows = [Judged(HALF, outcome([1], [4]).ratio("hro dupes", "jdupes -rq")), Judged(HALF, None, "not installed")]
    _, met, unknown = goals_text(rows)
    assert met.split()[-2:] == ["aim", "met"]
    assert "not installed  NOT MEASURED" in unknown
    assert goals_text([]) == []
