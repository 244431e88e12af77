"""A measurement as people read it. Pure."""

from collections.abc import Iterator, Sequence

from benchmarks.figures import Run
from benchmarks.show import bars, table
from benchmarks.storage.outcome import Judged, Outcome


def outcome_text(outcome: Outcome) -> Iterator[str]:
    tree = outcome.tree
    yield (
        f"{outcome.bench}: {tree['inodes']:,} files, {tree['bytes'] / 1_000_000:,.1f} MB, "
        f"{tree['groups']:,} groups with {tree['redundant_files']:,} redundant files"
    )
    yield ""
    yield from table(list(_rows(outcome)))
    yield ""
    yield from bars({name: outcome.wall(name).median for name in outcome.measured})
    for name, why in outcome.left_out.items():
        yield f"{name}: {why}"
    for name, problems in outcome.problems.items():
        yield from (f"WRONG {name}: {problem}" for problem in problems)


def _rows(outcome: Outcome) -> Iterator[list[str]]:
    ours = [name for name in outcome.ours if name in outcome.measured]
    yield ["", "wall s", "CPU s", "MB", "quiet", *(f"{name} /" for name in ours)]
    for name in outcome.measured:
        runs = outcome.runs(name)
        quiet = f"{sum(run.quiet for run in runs)} of {len(runs)}"
        ratios = ["" if name == our else outcome.ratio(our, name).text() for our in ours]
        yield [name, outcome.wall(name).text(3), f"{outcome.cpu(name).median:.2f}", _memory(runs), quiet, *ratios]


def _memory(runs: Sequence[Run]) -> str:
    return f"{'<= ' if _is_floor(runs) else ''}{max(run.peak_mb for run in runs):.0f}"


def _is_floor(runs: Sequence[Run]) -> bool:
    return all(run.peak_mb <= run.floor_mb for run in runs)


def growth_text(small: Outcome, large: Outcome) -> Iterator[str]:
    """How many times more time and memory the larger tree took; of memory nothing, where a peak is not known."""
    files = large.tree["inodes"] / small.tree["inodes"]
    yield f"from {small.bench} to {large.bench}: {files:.1f} times the files"
    yield ""
    rows = [["", "times the wall", "times the MB"]]
    for name in (name for name in large.measured if name in small.measured):
        wall = large.wall(name).median / small.wall(name).median
        known = not any(_is_floor(outcome.runs(name)) for outcome in (small, large))
        memory = f"{large.peak_mb(name) / small.peak_mb(name):.2f}" if known else ""
        rows.append([name, f"{wall:.2f}", memory])
    yield from table(rows)


def goals_text(judged: Sequence[Judged]) -> list[str]:
    """Nothing where there are none."""
    rows = [["goal", "bound", "aim", "measured", "verdict"]]
    for row in judged:
        goal = row.goal
        decimals = 2 if goal.theirs else 0
        measured = row.measured.text(decimals) if row.measured else row.why
        limits = [f"{limit:.{decimals}f}" for limit in (goal.bound, goal.aim)]
        rows.append([f"{goal.on}: {goal.title}", *limits, measured, row.verdict])
    return table(rows) if judged else []
