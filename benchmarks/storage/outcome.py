"""What a measurement found, and whether that is what was wanted. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.figures import Run, Spread, paired, spread
from benchmarks.goals import Goal, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """The runs of the commands that were measured side by side."""

    bench: str
    tree: Mapping[str, Any]  #: corpus_plan.Plan.summary
    ours: Sequence[str]  #: the product's commands, in the order of the tables
    peers: Sequence[str]
    rounds: Sequence[Mapping[str, Run]]  #: by command
    left_out: Mapping[str, str]  #: why a command was not run
    problems: Mapping[str, Sequence[str]]  #: what is wrong with the answers of a command

    @property
    def measured(self) -> list[str]:
        return [name for name in (*self.ours, *self.peers) if name not in self.left_out]

    @property
    def is_right(self) -> bool:
        return not any(name in self.problems for name in self.ours)

    def runs(self, name: str) -> list[Run]:
        return [runs[name] for runs in self.rounds]

    def wall(self, name: str) -> Spread:
        return spread([run.wall for run in self.runs(name)])

    def cpu(self, name: str) -> Spread:
        return spread([run.cpu for run in self.runs(name)])

    def peak_mb(self, name: str) -> float:
        return max(run.peak_mb for run in self.runs(name))

    def ratio(self, ours: str, theirs: str) -> Spread:
        return paired([run.wall for run in self.runs(ours)], [run.wall for run in self.runs(theirs)])

    def why_unknown(self, name: str) -> str:
        """Why nothing can be said of a command; empty where something can."""
        if name in self.left_out:
            return self.left_out[name]
        if name in self.problems:
            return f"{name} answered wrongly" if name in self.ours else f"{name} failed"
        return "" if name in self.measured else f"{name} is not measured here"

    def to_json(self) -> dict[str, Any]:
        return {
            "bench": self.bench,
            "tree": dict(self.tree),
            "rounds": [{name: asdict(run) for name, run in runs.items()} for runs in self.rounds],
            "left_out": dict(self.left_out),
            "problems": {name: list(found) for name, found in self.problems.items()},
            "commands": {name: self._figures(name) for name in self.measured},
            "ratios": [
                {"ours": ours, "theirs": theirs, **self.ratio(ours, theirs)._asdict()}
                for ours in self.ours
                for theirs in self.measured
                if ours in self.measured and ours != theirs
            ],
        }

    def _figures(self, name: str) -> dict[str, Any]:
        return {"wall": self.wall(name)._asdict(), "cpu": self.cpu(name)._asdict(), "peak_mb": self.peak_mb(name)}


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal, what was measured of it, or else why nothing was."""

    goal: Goal
    measured: Spread | None
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        return self.goal.judge(self.measured.median if self.measured else None)


def judge(goals: Sequence[Goal], outcomes: Sequence[Outcome]) -> list[Judged]:
    """The goals of what was measured; those of other measurements are left out."""
    by_bench = {outcome.bench: outcome for outcome in outcomes}
    return [_judge(goal, by_bench[goal.on]) for goal in goals if goal.on in by_bench]


def _judge(goal: Goal, outcome: Outcome) -> Judged:
    names = [goal.ours, goal.theirs] if goal.theirs else [goal.ours]
    if why := next(filter(None, map(outcome.why_unknown, names)), ""):
        return Judged(goal, None, why)
    if goal.theirs:
        return Judged(goal, outcome.ratio(goal.ours, goal.theirs))
    return Judged(goal, spread([outcome.peak_mb(goal.ours)]))
