"""The tables of `hro demo`."""

from typing import Any

import pytest
from rich.console import Console, RenderableType

from optimizer.cli import demo_tables as tables


def text(renderable: RenderableType) -> str:
    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


USAGE: dict[str, Any] = {
    "total_files": 1234,
    "total_size_bytes": 3 << 30,
    "allocated_bytes": 2 << 30,
    "error_count": 3,
    "largest_directories": [{"path": "/data/photos", "allocated_bytes": 1 << 30}],
    "extension_breakdown": {".txt": {"count": 7, "total_size": 10}, "": {"count": 2, "total_size": 4096}},
}


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (-2048, "-2.0 KiB"), (5 << 60, "5120.0 PiB")],
)
def test_sizes_have_a_unit(amount: int, expected: str) -> None:
    """Bytes are shown in the largest unit of 1024 steps that leaves at least one."""
    assert tables.size(amount) == expected


def test_usage_shows_totals_folders_and_extensions() -> None:
    """The overview names the totals, what could not be read, and the largest first."""
    shown = text(tables.usage("/data", USAGE))
    assert "1,234 files, 3.0 GiB, 2.0 GiB on disk; 3 entries could not be read" in shown
    assert "1.0 GiB  /data/photos" in shown
    assert shown.index("none") < shown.index(".txt")


def test_a_name_cannot_command_the_terminal() -> None:
    """Control characters and markup in a file's name are shown, not obeyed."""
    evil = {"path": "/data/\x1b[31mred\n[bold]", "allocated_bytes": 1}
    shown = text(tables.usage("/da\x1bta", USAGE | {"largest_directories": [evil]}))
    assert "What uses the space in /da\\x1bta" in shown
    assert "/data/\\x1b[31mred\\n[bold]" in shown
    assert "\x1b" not in shown + tables.counts({"folder": "/da\x1bta"})


def test_duplicates_show_groups_and_total() -> None:
    """The overview of duplicates names the total and, of each group, a file."""
    files = [{"path": "/data/a"}, {"path": "/data/b"}]
    result = {
        "duplicate_groups": 1,
        "total_duplicates": 1,
        "space_wasted_bytes": 2048,
        "duplicate_details": [{"hash": "00", "files": files, "duplicate_count": 1, "space_wasted": 2048}],
    }
    shown = text(tables.duplicates(result))
    assert "1 group with 1 copy too many; 2.0 KiB could be reclaimed" in shown
    assert "/data/a" in shown


def test_hashing_compares_the_two_runs() -> None:
    """Both runs are shown with what they read, how much the cache knew, and their time."""

    def record(read: int, rate: float, second: int) -> dict[str, Any]:
        return {
            "started_at": "2026-01-02T03:04:00+00:00",
            "finished_at": f"2026-01-02T03:04:{second:02}.500000+00:00",
            "result": {"files_hashed": 10, "bytes_read": read, "cache": {"hits": 0, "misses": 0, "hit_rate": rate}},
        }

    lines = text(tables.hashing(record(4096, 0.0, 7), record(0, 1.0, 0))).splitlines()
    assert lines[-2].split() == ["first", "10", "4.0", "KiB", "0.0%", "7.50", "s"]
    assert lines[-1].split() == ["second", "10", "0", "B", "100.0%", "0.50", "s"]


def test_progress_reads_as_words_and_numbers() -> None:
    """What a job reports is shown with thousands separated and bytes with their unit, else in its own words."""
    said = {"phase": "walk", "files_done": 1200, "bytes": 2048, "folder": "/data"}
    assert tables.counts(said) == "walk, files done 1,200, 2.0 KiB, /data"
