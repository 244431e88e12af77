"""A plan without an action says why, on a real folder."""

from pathlib import Path
from typing import Any

import pytest

from optimizer.hashing.local_cache import NullHashCache
from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal
from optimizer.runner import run
from optimizer.storage.changes import Tools, changes
from optimizer.storage.clean.rule import Catalogue
from optimizer.storage.keep import Keep
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job


def notes(folder: Path, kind: str, **options: Any) -> tuple[str, ...]:
    """Of a job that looks at a folder of two new files that are not alike."""
    root = folder / "root"
    root.mkdir()
    for name in ("a", "b"):
        (root / name).write_text(10_000 * name)
    tools = Tools(
        roots=ScanRoots([root], setting="HRO_ROOTS"),
        journal=Journal(folder / "journal.db", SystemClock()),
        keep=Keep(),
        cache=NullHashCache(),
        clock=SystemClock(),
        policies={},
        catalogue=Catalogue(),
        patience_seconds=0,
    )

    def no_plan(_optimization_id: str) -> Any:
        raise AssertionError

    said = {name: str(root) if value == "root" else value for name, value in options.items()}
    job = new_job(kind).model_copy(update={"options": said})
    report = run(job, changes(tools, no_plan)[kind], Listening(), SystemClock())
    assert report.plan is not None
    assert report.plan.actions == ()
    return report.plan.notes


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("optimize_temp", {"path": "root", "days_old": 3}, "No temporary file there was left alone for 3 days."),
        (
            "optimize_duplicates",
            {"path": "root", "action": "hard_link"},
            "No two files there of 1 bytes or more have equal content.",
        ),
        (
            "optimize_compress",
            {"path": "root", "days_old": 9},
            "No file there of 4096 bytes or more was left alone for 9 days.",
        ),
        ("optimize_logs", {"path": "root"}, "No journal there was closed 7 days ago."),
        (
            "optimize_cache",
            {},
            "No rule found anything to clear: no folder of theirs is there, or nothing in it that may go.",
        ),
        ("purge", {"older_than_days": 5}, "Nothing has waited in quarantine for so long."),
    ],
)
def test_why_nothing_is_planned(tmp_path: Path, kind: str, options: dict[str, Any], said: str) -> None:
    """Nothing is old enough, nothing is there twice, no rule has anything: a note, where there was none."""
    assert said in notes(tmp_path, kind, **options)


def test_a_sum_says_it_of_each_part(tmp_path: Path) -> None:
    """Each once."""
    said = notes(tmp_path, "optimize_storage", path="root")
    assert len(said) == len(set(said)) >= 4
