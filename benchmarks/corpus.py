"""Deterministic file corpora with a known answer, for tests and benchmarks of duplicate finders.

    python -m benchmarks.corpus build {many-small,mixed,few-large,million} DIR [--scale F] [--seed N]
    python -m benchmarks.corpus check DIR GROUPS.json  compare a finder's groups with the known answer

The same (name, seed, scale) always gives the same paths, bytes, links and times, on
every Python >= 3.11.  ``DIR.json`` beside the tree records the answer: how many files,
links and bytes there are, and every duplicate group as a list of escaped paths.

Library use::

    plan = make_plan("mixed", seed=7, scale=0.1)
    summary = plan.write(Path("tree"))
    truth = plan.groups()  # lists of paths, bytes relative to the tree
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.corpus_kinds import few_large, many_small, million, mixed
from benchmarks.corpus_plan import Plan, answer_file

PLANS: dict[str, Callable[[int, float], Plan]] = {
    "many-small": many_small,
    "mixed": mixed,
    "few-large": few_large,
}
#: With the one that is too large for tests; it shows how time and memory grow.
ALL_PLANS = PLANS | {"million": million}


def make_plan(name: str, *, seed: int = 1, scale: float = 1.0) -> Plan:
    return ALL_PLANS[name](seed, scale)


def check(answer_path: Path, found: list[list[str]]) -> list[str]:
    """Differences between the recorded groups and `found` (escaped relative paths).

    A finder may name an inode by any of its hard links, or by several of them.
    """
    answer = json.loads(answer_path.read_text())
    return differences(answer["groups"], answer["aliases"], found)


def differences(groups: list[list[str]], first_name: dict[str, str], found: list[list[str]]) -> list[str]:
    """What `found` lacks of `groups`, and what it has beside them; `first_name` is by hard link."""
    want = {tuple(sorted(g)) for g in groups}
    have = {tuple(sorted({first_name.get(p, p) for p in g})) for g in found}
    have = {g for g in have if len(g) > 1}
    return [f"missing {g}" for g in sorted(want - have)] + [f"wrong {g}" for g in sorted(have - want)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="write a corpus")
    build.add_argument("name", choices=ALL_PLANS)
    build.add_argument("dir", type=Path)
    build.add_argument("--seed", type=int, default=1)
    build.add_argument("--scale", type=float, default=1.0)
    verify = commands.add_parser("check", help="compare JSON groups with the answer")
    verify.add_argument("dir", type=Path)
    verify.add_argument("groups", type=Path, help="JSON list of lists of escaped paths")
    args = parser.parse_args()
    if args.command == "build":
        print(json.dumps(make_plan(args.name, seed=args.seed, scale=args.scale).write(args.dir)))
        return 0
    problems = check(answer_file(args.dir), json.loads(args.groups.read_text()))
    print("\n".join(problems[:20]) or "all groups match")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
