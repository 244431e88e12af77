"""Measures what a submitted job costs beside an empty route, and beside a bare route that sends Redis the same.

    python -m benchmarks.api --out FILE [--rounds 5] [--rate 500] [--seconds 5] [--wait 60] [--enforce-goals]

All three are served by one process, in turn, round after round, on a Redis of its own with an append-only file. No
worker runs: what is measured is the acceptance of jobs. Ends with 1 where an answer is wrong and, with --enforce-goals,
where a bound of goals.toml is missed.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import goals as goals_module
from benchmarks.api.load import Answers, Target, at_rate, saturated
from benchmarks.figures import Spread, paired, spread
from benchmarks.goals import Goal
from benchmarks.machine import facts
from benchmarks.measure import rounds, wait_until_quiet
from benchmarks.show import bars, table
from optimizer import settings as configuration
from optimizer.cli.client import Client
from optimizer.cli.commands import api_command
from optimizer.cli.keys import add_key
from optimizer.cli.stack.programs import api_scratch, local_address
from optimizer.cli.stack.redis import find_server, free_port, private_redis
from optimizer.cli.stack.supervisor import Program, Supervisor
from optimizer.host.clock import SystemClock
from optimizer.kinds import Scope

_HOST = "127.0.0.1"
_GOALS = Path(__file__).parents[1] / "goals.toml"
_ROOT = Path(__file__).parents[2]
_PERCENTILES = 100

#: By the names that goals.toml and the tables use
_LATENCY, _RATE = "p99 at a fixed rate, ms", "saturated, seconds a request"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    goals = goals_module.parse(options.goals.read_text(), "api")
    with _served() as (port, key):
        targets = _targets(key)
        latency = rounds(list(targets), options.rounds, _measure(options, targets, port, at_rate, options.rate))
        rate = rounds(list(targets), options.rounds, _measure(options, targets, port, saturated))
    figures = {_LATENCY: _figures(latency, _p99_ms), _RATE: _figures(rate, lambda answers: 1 / answers.per_second)}
    wrong = sum(answers.wrong for taken in (*latency, *rate) for answers in taken.values())
    judged = [(goal, _ratio(figures, goal)) for goal in goals]
    _print(figures, judged, wrong)
    _write(options, figures, judged, wrong)
    missed = [goal for goal, ratio in judged if not goal.judge(ratio.median).is_kept]
    return int(bool(wrong) or (options.enforce_goals and bool(missed)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench-api", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="where all figures are written, as JSON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=500, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5, help="of each run")
    parser.add_argument("--wait", type=float, default=60, help="seconds at most for a quiet machine, before a run")
    parser.add_argument("--goals", type=Path, default=_GOALS)
    parser.add_argument("--enforce-goals", action="store_true", help="end with 1 where a bound is missed")
    return parser


@contextmanager
def _served() -> Iterator[tuple[int, str]]:
    """The port of a server with the product's API and both routes beside it, and a key."""
    with tempfile.TemporaryDirectory(prefix="bench-api-") as folder, Supervisor(Path(folder)) as supervisor:
        state, port = Path(folder) / "state", free_port()
        key = add_key(state / "keys.json", list(Scope), SystemClock().now())
        redis = private_redis(find_server(), state / "redis")
        supervisor.start(redis.program)
        environment = configuration.child_environment(
            {
                "HRO_STATE_DIR": str(state),
                "HRO_REDIS_URL": redis.url,
                "HRO_PORT": str(port),
                "HRO_API_KEYS_FILE": str(state / "keys.json"),
                "HRO_SIGNING_KEY": "of this measurement",
                "PYTHONPATH": str(_ROOT),
            },
            inherit=False,
        )
        settings = configuration.load(environment)
        client = Client(local_address(settings))
        counters = api_scratch(settings)
        command = ["benchmarks.api.served:app" if word == "api.wsgi:app" else word for word in api_command(settings)]
        supervisor.start(
            Program(
                name="api",
                command=tuple(command),
                environment={**environment, configuration.SHARED_METRICS: str(counters)},
                folder=_ROOT,
                scratch=counters,
                is_ready=lambda _pid: client.is_ready(),
            )
        )
        yield port, key


def _targets(key: str) -> Mapping[str, Target]:
    submit = Target(
        "submit", "POST", "/optimize/memory", b'{"dry_run": true}', (f"Authorization: Bearer {key}",), expects=202
    )
    bare = Target("bare", "POST", "/bench/bare", b'{"dry_run": true}', expects=202)
    return {target.name: target for target in (Target("hello", "GET", "/bench/hello"), bare, submit)}


def _measure(
    options: argparse.Namespace, targets: Mapping[str, Target], port: int, load: Any, *more: float
) -> Callable[[str], Answers]:
    def measure(name: str) -> Answers:
        wait_until_quiet(options.wait)
        answers: Answers = asyncio.run(load(_HOST, port, targets[name], *more, options.seconds))
        return answers

    return measure


def _p99_ms(answers: Answers) -> float:
    return statistics.quantiles(answers.seconds, n=_PERCENTILES)[-1] * 1000


def _figures(taken: Sequence[Mapping[str, Answers]], figure: Callable[[Answers], float]) -> Mapping[str, list[float]]:
    return {name: [figure(round_[name]) for round_ in taken] for name in sorted(taken[0])}


def _ratio(figures: Mapping[str, Mapping[str, list[float]]], goal: Goal) -> Spread:
    of = figures[goal.on]
    return paired(of[goal.ours], of[str(goal.theirs)])


def _print(figures: Mapping[str, Mapping[str, list[float]]], judged: Sequence[tuple[Goal, Spread]], wrong: int) -> None:
    for title, by_name in figures.items():
        print(title, "", sep="\n")
        medians = {name: spread(values) for name, values in by_name.items()}
        print(*table([["", "median (lowest-highest)"], *([n, s.text(5)] for n, s in medians.items())]), sep="\n")
        print("", *bars({name: found.median for name, found in medians.items()}), "", sep="\n")
    rows = [[g.title, f"{g.bound:.2f}", f"{g.aim:.2f}", r.text(), g.judge(r.median)] for g, r in judged]
    print(*table([["goal", "bound", "aim", "measured", "verdict"], *rows]), sep="\n")
    if wrong:
        print(f"WRONG: {wrong} answers were not as expected")


def _write(
    options: argparse.Namespace,
    figures: Mapping[str, Mapping[str, list[float]]],
    judged: Sequence[tuple[Goal, Spread]],
    wrong: int,
) -> None:
    report = {
        "options": {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()},
        "machine": facts(_ROOT, ["redis-server"]),
        "figures": figures,
        "goals": [{**asdict(goal), "measured": ratio._asdict()} for goal, ratio in judged],
        "wrong": wrong,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    print(f"All figures: {options.out}")


if __name__ == "__main__":
    sys.exit(main())
