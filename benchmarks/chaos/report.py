"""A run as a table of figures, a picture of its time, and JSON. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.chaos import accounting, events
from benchmarks.chaos.experiment import Run
from benchmarks.show import table

_WIDTH = 100
#: How many names of what is wrong are printed; JSON has all
_SHOWN = 10


def text(run: Run) -> list[str]:
    return [*table(_figures(run)), "", *picture(rows(run), run.seconds + run.rest_seconds), "", *_verdict(run)]


def _figures(run: Run) -> list[tuple[str, str]]:
    evidence = run.evidence
    statuses = Counter(record.status for record in evidence.records.values())
    kills = Counter(strike.part.value for strike in run.strikes if strike.is_kill)
    duplicates = events.duplicates(evidence.heard)
    figures: list[tuple[str, Any]] = [
        ("accepted jobs", len(evidence.accepted)),
        ("all jobs, with children and ticks of schedules", len(evidence.records)),
        *((f"  {status}", count) for status, count in statuses.most_common()),
        ("kills", sum(kills.values())),
        *((f"  {part}", count) for part, count in kills.most_common()),
        ("stops", sum("stop" in strike.deed for strike in run.strikes)),
        ("times the disk was full", sum(strike.deed == "fill" for strike in run.strikes)),
        ("files that jobs could move", len(evidence.written)),
        ("steps in the journal", len(evidence.steps)),
        ("events heard", len(evidence.heard)),
        ("  which came more than once", len(duplicates)),
        ("Celery's own events heard", run.celery_events),
        ("seconds from the last fault to rest", f"{run.rest_seconds:.1f}"),
        *((f"repaired: {name}", count) for name, count in run.repairs.items()),
        *((f"WRONG: {name}" if found else name, len(found)) for name, found in run.problems.items()),
    ]
    return [("figure", "count"), *((name, str(value)) for name, value in figures)]


def rows(run: Run) -> dict[str, list[float]]:
    """When what happened, by what it was: faults first, repairs after them."""
    faults: dict[str, list[float]] = {}
    for strike in sorted(run.strikes, key=lambda strike: (strike.deed, strike.part)):
        faults.setdefault(f"{strike.deed} {strike.part}".replace("fill disk", "disk full"), []).append(strike.at)
    return {**faults, **{f"> {name}": moments for name, moments in run.repaired_at.items()}}


def picture(moments: Mapping[str, Sequence[float]], seconds: float, width: int = _WIDTH) -> list[str]:
    """A line each; a column is a stretch of time, and its digit is how often it happened then."""
    margin = max(map(len, [*moments, "seconds"]))
    lines = []
    for name, at in moments.items():
        columns = Counter(min(width - 1, max(0, int(moment / seconds * width))) for moment in at)
        cells = "".join(_cell(columns[column]) for column in range(width))
        lines.append(f"{name.ljust(margin)} |{cells}|")
    return [*lines, f"{'seconds'.ljust(margin)} |0{f'{seconds:.0f}'.rjust(width - 1)}|"]


def _cell(count: int) -> str:
    return "·" if not count else str(count) if count < 10 else "+"


def _verdict(run: Run) -> list[str]:
    lines = []
    for name, found in run.problems.items():
        if found:
            lines += [f"{len(found)} {name}:", *(f"  {each}" for each in found[:_SHOWN])]
    if accounting.is_too_gentle(run.repairs):
        lines.append("Nothing had to be repaired, so that this run shows nothing: it was too gentle.")
    if not run.disk_was_filled:
        lines.append("No small disk could be mounted here, so that no disk was full; that needs root.")
    return [*lines, "Nothing was lost, and nothing was done twice." if run.is_right else "This must not be."]


def to_json(run: Run) -> dict[str, Any]:
    records = run.evidence.records.values()
    return {
        "seconds": run.seconds,
        "rest_seconds": run.rest_seconds,
        "is_right": run.is_right,
        "figures": dict(_figures(run)[1:]),
        "repairs": dict(run.repairs),
        "problems": dict(run.problems),
        "disk_was_filled": run.disk_was_filled,
        "strikes": [asdict(strike) for strike in run.strikes],
        "repaired_at": {name: [round(at, 2) for at in moments] for name, moments in run.repaired_at.items()},
        "events_heard_more_than_once": events.duplicates(run.evidence.heard),
        "kinds": dict(Counter(f"{each.kind} {each.status}" for each in records)),
        "errors": dict(
            Counter(f"{each.kind} {each.error_code}" for each in run.evidence.records.values() if each.error_code)
        ),
    }
