"""The handlers of this room, run as a worker runs them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import CancelledError, PathForbiddenError, PathNotFoundError
from optimizer.hashing.local_cache import NullHashCache
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal
from optimizer.runner import Handler, Report, run
from optimizer.storage.handlers import analyze_duplicates, analyze_large_files, analyze_report, analyze_storage
from optimizer.storage.hands import Hands
from optimizer.storage.measure import measure
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening, job
from tests.trees import make

CLOCK = FakeClock()
MIB = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "root", {"a.txt": b"same", "sub/b.txt": b"same", "large": bytes(2 * MIB)})


def handlers(*roots: Path) -> Mapping[str, Handler]:
    scan_roots, cache = ScanRoots(roots), NullHashCache()
    return {
        "analyze_storage": analyze_storage(scan_roots, CLOCK),
        "analyze_duplicates": analyze_duplicates(scan_roots, cache, CLOCK),
        "analyze_large_files": analyze_large_files(scan_roots, CLOCK),
        "analyze_report": analyze_report(scan_roots, cache, CLOCK),
    }


def look(root: Path, kind: str, progress: Listening | None = None, **options: Any) -> Report:
    return run(job(kind, **options), handlers(root)[kind], progress or Listening(), CLOCK)


def test_storage_is_analyzed(root: Path) -> None:
    """The result has the path and what is below it; the event and the gauge tell the sums."""
    report = look(root, "analyze_storage", path=str(root))
    result = report.result
    assert (result["path"], result["total_files"], result["total_size_bytes"]) == (str(root), 3, 2 * MIB + 8)
    assert result["timestamp"] == CLOCK.now().isoformat()
    assert report.event == {"path": str(root), "total_files": 3, "total_size_bytes": 2 * MIB + 8}
    assert report.gauges == {"storage_analyzed_bytes": 2 * MIB + 8}


def test_duplicates_are_analyzed(root: Path) -> None:
    """Counts of groups in result and event."""
    report = look(root, "analyze_duplicates", path=str(root))
    assert (report.result["duplicate_groups"], report.result["space_wasted_bytes"]) == (1, 4)
    assert report.event == {
        "path": str(root), "duplicate_groups": 1, "total_duplicates": 1, "space_wasted_bytes": 4,
    }  # fmt: skip
    assert report.gauges == {"storage_analyzed_bytes": 2 * MIB + 8}


@pytest.mark.parametrize(("min_size_mb", "found"), [(0, 3), (1, 1), (2, 1), (3, 0)])
def test_large_files_are_listed(root: Path, min_size_mb: int, found: int) -> None:
    """From the size in MiB that was asked for on."""
    result = look(root, "analyze_large_files", path=str(root), min_size_mb=min_size_mb).result
    assert (result["min_size_mb"], result["large_files_count"], len(result["large_files"])) == (
        min_size_mb,
        found,
        found,
    )
    assert all({"path", "name", "size", "size_mb", "age_days"} <= set(row) for row in result["large_files"])


def test_the_report_covers_every_root(root: Path) -> None:
    """With the fields that clients read; a nested root is shown and not counted twice."""
    missing = root.parent / "missing"
    roots = ScanRoots([root, root / "sub", missing])
    report = run(job("analyze_report"), analyze_report(roots, NullHashCache(), CLOCK), Listening(), CLOCK)
    result = report.result
    paths = result["path_analysis"]
    assert {path: row["total_files"] for path, row in paths.items()} == {str(root): 3, str(root / "sub"): 1}
    assert paths[str(root / "sub")]["top_extensions"][0]["extension"] == ".txt"
    assert (result["duplicate_summary"]["groups"], result["duplicate_summary"]["space_wasted_mb"]) == (1, 0.0)
    assert result["large_files_summary"] == {"count": 0, "total_size_mb": 0.0, "largest": []}
    assert {"total_gb", "used_gb", "free_gb", "usage_percent", "by_root"} == set(result["disk_usage"])
    assert result["sections"] == [name for name in result if name in result["sections"]]
    assert result["summary"] == {"total_files": 3, "total_size_bytes": 2 * MIB + 8, "potential_savings": 4}
    assert [error["path"] for error in result["errors"]] == [str(missing)]
    assert report.event == {"paths": [str(path) for path in (root, root / "sub", missing)]} | result["summary"]


def test_a_report_without_roots_is_empty() -> None:
    """Where HRO_SCAN_ROOTS is empty, nothing may be read."""
    result = run(
        job("analyze_report"), analyze_report(ScanRoots([]), NullHashCache(), CLOCK), Listening(), CLOCK
    ).result
    assert (result["path_analysis"], result["disk_usage"]) == ({}, {"by_root": {}})


@pytest.mark.parametrize("kind", ["analyze_storage", "analyze_duplicates", "analyze_large_files"])
def test_a_path_outside_the_roots_is_refused(root: Path, kind: str) -> None:
    """And one that is missing inside is not found."""
    with pytest.raises(PathForbiddenError, match="HRO_SCAN_ROOTS"):
        look(root, kind, path="/etc")
    with pytest.raises(PathNotFoundError):
        look(root, kind, path=str(root / "missing"))


@pytest.mark.parametrize("kind", ["analyze_storage", "analyze_duplicates", "analyze_large_files", "analyze_report"])
def test_a_cancelled_analysis_ends(root: Path, kind: str) -> None:
    """The error reaches the runner."""
    options = {} if kind == "analyze_report" else {"path": str(root)}
    with pytest.raises(CancelledError):
        look(root, kind, progress=Listening(cancel_at=1), **options)


def test_without_roots_the_whole_disk_is_measured(tmp_path: Path) -> None:
    """Nothing may be changed anywhere, and a result still says how full the disk is."""
    hands = Hands(ScanRoots([], setting="HRO_ROOTS"), Journal(tmp_path / "journal.db", CLOCK))
    assert 0 < measure(hands)["disk_percent"] <= 100
