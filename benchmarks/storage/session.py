"""Runs the commands of a measurement in turn, and checks every answer of ours."""

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmarks.figures import Run
from benchmarks.measure import launch, rounds, wait_until_quiet
from benchmarks.storage.answers import Answer, problems, read_answer
from benchmarks.storage.commands import Bench, Command
from benchmarks.storage.outcome import Outcome
from benchmarks.storage.trees import evict, warm

#: So many problems of a command are kept; one is enough to know.
_KEPT = 5


@dataclass
class Session:
    """How all measurements of one call are made."""

    hro: Path
    scratch: Path  #: an empty folder for what the commands print
    rounds: int
    wait: float  #: seconds to wait for a quiet machine, before each run
    cold: bool

    def measure(self, bench: Bench, tree: Path) -> Outcome:
        turn = _Turn(self, bench, tree)
        warm(tree)
        for command in turn.commands.values():
            if command.fills_first:
                turn.run(command.name)
        return Outcome(
            bench=bench.name,
            tree=turn.answer.summary,
            ours=[command.name for command in bench.ours],
            peers=[command.name for command in bench.peers],
            rounds=rounds(list(turn.commands), self.rounds, turn.run),
            left_out=turn.left_out,
            problems=turn.problems,
        )

    def why_not(self, command: Command) -> str:
        """Why a command cannot be run here; empty if it can."""
        if command.program != "hro":
            return "" if shutil.which(command.program) else f"{command.program} is not installed"
        return "" if not command.switch or command.switch in self._help else "not available in this version"

    @cached_property
    def _help(self) -> set[str]:
        """The words of `hro dupes --help`."""
        said = subprocess.run([self.hro, "dupes", "--help"], stdout=subprocess.PIPE, text=True, check=False).stdout
        return set(said.replace(",", " ").split())


@dataclass
class _Turn:
    """One measurement under way."""

    session: Session
    bench: Bench
    tree: Path
    problems: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        reasons = {command: self.session.why_not(command) for command in self.bench.commands}
        self.left_out = {command.name: why for command, why in reasons.items() if why}
        self.commands = {command.name: command for command, why in reasons.items() if not why}
        self.answer: Answer = read_answer(self.tree)

    def run(self, name: str) -> Run:
        command, scratch = self.commands[name], self.session.scratch
        if self.session.cold:
            evict(self.tree)
        quiet = wait_until_quiet(self.session.wait)
        argv = [self.session.hro if part == "hro" else part for part in command.argv]
        output, errors = scratch / "output", scratch / "errors"
        run = launch([*argv, self.tree], output, errors, scratch / "cache", quiet=quiet)
        print(f"  {self.bench.name:10}  {name:22}  {run.wall:7.2f} s", file=sys.stderr)
        if found := self._check(command, run, output, errors):
            kept = self.problems.setdefault(name, [])
            kept.extend(found[: _KEPT - len(kept)])
        return run

    def _check(self, command: Command, run: Run, output: Path, errors: Path) -> list[str]:
        if run.exit_code:
            said = errors.read_text(errors="replace").strip()
            return [f"exit code {run.exit_code}: {said[-500:]}"]
        if command.program != "hro":
            return []
        return problems(self.answer, command.argv[1], output.read_bytes(), digests=command.digests)
