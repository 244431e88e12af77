"""Measures `hro dupes` and `hro usage` beside other tools, on trees of which the answer is known.

    python -m benchmarks.storage --dir FOLDER [--scale 0.05] [--rounds 5] [--cold] [--million] [--enforce-goals]

Ends with 1 where an answer of the product is wrong and, with --enforce-goals, where a goal's bound is missed or a goal
of a tree that was measured could not be.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import goals as goals_module
from benchmarks.machine import facts
from benchmarks.storage.commands import BENCHES, MILLION, Bench
from benchmarks.storage.outcome import Judged, Outcome, judge
from benchmarks.storage.product import Product, install
from benchmarks.storage.report import goals_text, growth_text, outcome_text
from benchmarks.storage.session import Session
from benchmarks.storage.trees import NoSpaceError, ensure_tree
from optimizer.host.clock import SystemClock

_GOALS = Path(__file__).parents[1] / "goals.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.cold and options.enforce_goals:
        print("bench-storage: the goals are of warm runs, and cannot be judged cold", file=sys.stderr)
        return 2
    goals = [] if options.cold else goals_module.parse(options.goals.read_text(), "storage")
    product = _product(options)
    try:
        outcomes = _measure(options, product)
    except NoSpaceError as error:
        print(f"bench-storage: {error}", file=sys.stderr)
        return 1
    judged = judge(goals, outcomes)
    _print(outcomes, judged, product, scale=options.scale)
    _write(options, outcomes, judged, product)
    return exit_code(outcomes, judged, enforce=options.enforce_goals)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench-storage", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dir", type=Path, required=True, help="where the trees are built and kept, with the results")
    parser.add_argument("--scale", type=float, default=1.0, help="of the trees; the goals are set for 1")
    parser.add_argument("--rounds", type=_count, default=5)
    parser.add_argument("--wait", type=float, default=60, help="seconds at most for a quiet machine, before a run")
    parser.add_argument("--only", nargs="+", choices=[bench.name for bench in (*BENCHES, MILLION)], default=[])
    parser.add_argument("--million", action="store_true", help="measure a tree of a million files, too")
    parser.add_argument("--cold", action="store_true", help="evict the files' pages before each run; judges no goal")
    parser.add_argument("--goals", type=Path, default=_GOALS)
    parser.add_argument("--enforce-goals", action="store_true", help="end with 1 where a bound is missed")
    parser.add_argument("--hro", type=Path, help="a program to measure instead of this checkout's")
    parser.add_argument("--python", type=Path, help="what the product runs with; else the distribution's, from 3.11 on")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least one round")
    return count


def _chosen(options: argparse.Namespace) -> list[Bench]:
    if options.only:
        return [bench for bench in (*BENCHES, MILLION) if bench.name in options.only]
    return [*BENCHES, *([MILLION] if options.million else [])]


def _product(options: argparse.Namespace) -> Product:
    home: Path = options.dir.absolute()
    home.mkdir(parents=True, exist_ok=True)
    product = Product(options.hro, None) if options.hro else install(home, options.python)
    print(f"hro: {product.python or product.hro}", file=sys.stderr)
    return product


def _measure(options: argparse.Namespace, product: Product) -> list[Outcome]:
    home, benches = options.dir.absolute(), _chosen(options)
    for corpus in dict.fromkeys(bench.corpus for bench in benches):
        print(f"Tree {ensure_tree(home, corpus, options.scale)}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=home) as scratch:
        session = Session(product.hro, Path(scratch), options.rounds, options.wait, options.cold)
        return [session.measure(bench, ensure_tree(home, bench.corpus, options.scale)) for bench in benches]


def _print(outcomes: Sequence[Outcome], judged: Sequence[Judged], product: Product, *, scale: float) -> None:
    by_name = {outcome.bench: outcome for outcome in outcomes}
    for outcome in outcomes:
        print(*outcome_text(outcome), "", sep="\n")
    if {"many-small", "million"} <= by_name.keys():
        print(*growth_text(by_name["many-small"], by_name["million"]), "", sep="\n")
    print(*goals_text(judged), sep="\n")
    if judged and scale != 1:
        print(f"The goals are set for scale 1; this was {scale:g}.")
    if product.python:
        print(f"hro ran with {product.python}.")


def _write(
    options: argparse.Namespace, outcomes: Sequence[Outcome], judged: Sequence[Judged], product: Product
) -> None:
    now = SystemClock().now()
    programs = dict.fromkeys(command.program for bench in _chosen(options) for command in bench.peers)
    report: dict[str, Any] = {
        "at": now.isoformat(),
        "options": {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()},
        "machine": facts(options.dir, programs),
        "hro": {"program": str(product.hro), "python": str(product.python) if product.python else None},
        "outcomes": [outcome.to_json() for outcome in outcomes],
        "goals": [
            {
                **asdict(row.goal),
                "measured": row.measured._asdict() if row.measured else None,
                "verdict": row.verdict,
                "why": row.why,
            }
            for row in judged
        ],
    }
    path = options.dir / f"storage-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=1))
    print(f"All figures: {path}")


def exit_code(outcomes: Sequence[Outcome], judged: Sequence[Judged], *, enforce: bool) -> int:
    """1 where an answer is wrong or, if goals are enforced, one is not kept."""
    wrong = not all(outcome.is_right for outcome in outcomes)
    missed = enforce and not all(row.verdict.is_kept for row in judged)
    return int(wrong or missed)


if __name__ == "__main__":
    sys.exit(main())
