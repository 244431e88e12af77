"""One pass over a tree tells what uses its space."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.errors import CancelledError
from optimizer.host.meter import NoProgress
from optimizer.storage.usage import Usage, measure_usage
from optimizer.storage.usage_report import large_files_json, top_extensions, usage_json
from tests.fakes.job import Listening
from tests.trees import make, open_descriptors, opened

NOW = 1_800_000_000
DAY = 86_400


def measured(*paths: Path, large_from: int = 100 << 20) -> Usage:
    with ExitStack() as stack:
        trees = [stack.enter_context(opened(path)) for path in paths]
        return measure_usage(trees, NoProgress(), now=NOW, large_from=large_from)


def on_disk(path: Path) -> int:
    return path.stat().st_blocks * 512


def analysis(*paths: Path) -> Any:
    return usage_json(measured(*paths))


def test_files_are_counted_by_name_and_bytes_by_inode(tmp_path: Path) -> None:
    """A second name of a file is a file to `find`, and no byte to `du`."""
    make(tmp_path, {"a.bin": b"x" * 5000, "sub/other": b"y" * 100})
    (tmp_path / "sub/again.bin").hardlink_to(tmp_path / "a.bin")
    found = analysis(tmp_path)
    assert (found["total_files"], found["unique_files"], found["hard_links"]) == (3, 2, 1)
    assert found["total_size_bytes"] == found["total_size"] == 5100
    assert found["extension_breakdown"][".bin"] == {
        "count": 2,
        "total_size": 5000,
        "allocated_bytes": on_disk(tmp_path / "a.bin"),
    }


def test_what_is_no_regular_file_is_counted_apart(tmp_path: Path) -> None:
    """Links, sockets and FIFOs hold no content that could be reclaimed."""
    make(tmp_path, {"file": b"x", "empty": b"", "link": "file"})
    os.mkfifo(tmp_path / "fifo")
    found = analysis(tmp_path)
    counted = {name: found[name] for name in ("total_files", "empty_files", "symlinks", "other")}
    assert counted == {"total_files": 2, "empty_files": 1, "symlinks": 1, "other": 1}


def test_holes_take_no_space(tmp_path: Path) -> None:
    """A sparse file's length is one thing, what it takes on disk another."""
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10 << 20)
    found = analysis(tmp_path)
    assert (found["total_size_bytes"], found["allocated_bytes"]) == (10 << 20, 0)


def test_distributions_count_each_name_once(tmp_path: Path) -> None:
    """Their counts add up to all files, their bytes to all bytes."""
    make(tmp_path, {"small": b"x", "medium": b"x" * 2000, "old": b"x" * 3000})
    for name, days in {"small": 1, "medium": 10, "old": 400}.items():
        os.utime(tmp_path / name, (NOW, NOW - days * DAY))
    found = analysis(tmp_path)
    assert found["size_distribution"] == {"<1KB": 1, "1KB-1MB": 2, "1MB-100MB": 0, ">100MB": 0}
    assert found["size_distribution_bytes"] == {"<1KB": 1, "1KB-1MB": 5000, "1MB-100MB": 0, ">100MB": 0}
    assert found["age_distribution"] == {"<1 week": 1, "1 week-1 month": 1, "1 month-1 year": 0, ">1 year": 1}
    assert found["age_distribution_bytes"] == {
        "<1 week": 1, "1 week-1 month": 2000, "1 month-1 year": 0, ">1 year": 3000,
    }  # fmt: skip


def test_a_folder_holds_all_that_is_below_it(tmp_path: Path) -> None:
    """The largest first, with their sums over every level."""
    make(tmp_path, {"a/b/c/file": b"x" * 10_000, "a/file": b"x" * 100, "d/file": b"x" * 5000})
    found = analysis(tmp_path)
    sums = {Path(row["path"]).relative_to(tmp_path): (row["files"], row["size_bytes"]) for row in found["by_directory"]}
    assert sums == {Path("a"): (2, 10_100), Path("d"): (1, 5000)}
    largest = [str(Path(row["path"]).relative_to(tmp_path)) for row in found["largest_directories"]]
    assert largest == [".", "a", "a/b", "a/b/c", "d"]
    assert found["largest_directories"][0]["allocated_bytes"] == found["disk_usage_bytes"]


def test_of_equal_spellings_the_extension_is_one(tmp_path: Path) -> None:
    """Photos of two cameras are one kind of file."""
    make(tmp_path, {"a.JPG": b"x" * 10, "b.jpg": b"x" * 20, "c.txt": b"x"})
    (row,) = top_extensions(measured(tmp_path), 1)
    assert (row["extension"], row["count"], row["total_size"]) == (".jpg", 2, 30)


def test_the_owner_is_named(tmp_path: Path) -> None:
    """By number, and by name where this host knows one."""
    make(tmp_path, {"a": b"x" * 10})
    (row,) = analysis(tmp_path)["by_owner"]
    assert (row["uid"], row["files"], row["size_bytes"]) == (os.getuid(), 1, 10)


def test_an_owner_without_a_name_has_none(tmp_path: Path) -> None:
    """As on a disk that came from another host."""
    usage = measured(tmp_path)
    usage.by_owner[4_000_000_000] = [1, 2, 3]
    rows: Any = usage_json(usage)["by_owner"]
    assert rows == [{"uid": 4_000_000_000, "name": None, "files": 1, "size_bytes": 2, "allocated_bytes": 3}]


def test_large_files_are_listed_largest_first(tmp_path: Path) -> None:
    """All of them are counted, each inode once, from the size that was asked for on."""
    make(tmp_path, {f"{size}": b"x" * size for size in (999, 1000, 3000, 2000)})
    (tmp_path / "again").hardlink_to(tmp_path / "3000")
    found: Any = large_files_json(measured(tmp_path, large_from=1000))
    assert [row["size"] for row in found["large_files"]] == [3000, 2000, 1000]
    assert (found["large_files_count"], found["total_size_bytes"]) == (3, 6000)


def test_at_most_fifty_large_files_are_listed(tmp_path: Path) -> None:
    """The others are in the count and in the sum; with no size asked for, empty files are large as well."""
    make(tmp_path, {f"{number}": b"x" * number for number in range(60)})
    found: Any = large_files_json(measured(tmp_path, large_from=0))
    assert (len(found["large_files"]), found["large_files_count"]) == (50, 60)
    assert found["large_files"][0]["size"] == 59


def test_several_trees_add_up(tmp_path: Path) -> None:
    """A file with names in two of them is counted once."""
    make(tmp_path, {"a/file": b"x" * 100, "b/other": b"x" * 50})
    (tmp_path / "b/again").hardlink_to(tmp_path / "a/file")
    usage = measured(tmp_path / "a", tmp_path / "b")
    assert (usage.files, usage.size, usage.folders) == (3, 150, 2)
    assert [totals.size for totals in usage.sums.trees] == [100, 50]


def test_a_file_can_be_measured(tmp_path: Path) -> None:
    """It is a tree without folders."""
    make(tmp_path, {"file.txt": b"x" * 100})
    found = analysis(tmp_path / "file.txt")
    assert (found["total_files"], found["directories_scanned"]) == (1, 0)
    assert found["disk_usage_bytes"] == on_disk(tmp_path / "file.txt")
    assert found["largest_files"][0]["path"] == str(tmp_path / "file.txt")


def test_an_empty_folder_is_an_answer(tmp_path: Path) -> None:
    """Of zeros."""
    found = analysis(tmp_path)
    assert (found["total_files"], found["directories_scanned"], found["errors"]) == (0, 1, [])


def test_the_breakdown_is_bounded(tmp_path: Path) -> None:
    """A tree may have another extension for each file; the result has room for a thousand."""
    usage = measured(tmp_path)
    usage.by_extension = {b".%d" % number: [1, number, 0] for number in range(1500)}
    found: Any = usage_json(usage)
    assert (len(found["extension_breakdown"]), found["extension_count"]) == (1000, 1500)
    assert next(iter(found["extension_breakdown"])) == ".1499"


def test_a_cancelled_analysis_ends_at_once(tmp_path: Path) -> None:
    """And leaves no file open."""
    make(tmp_path, {f"{name}/{number}": b"" for name in "abc" for number in range(600)})
    before = open_descriptors()
    with opened(tmp_path) as tree, pytest.raises(CancelledError):
        measure_usage([tree], Listening(cancel_at=3), now=NOW)
    assert open_descriptors() == before


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.integers(0, 5000), min_size=1, max_size=4)))
def test_the_sums_of_parts_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, folders: dict[str, list[int]]
) -> None:
    """Whatever the tree: by extension, by owner, by size, by age and by folder, bytes add up to the total."""
    root = tmp_path_factory.mktemp("tree")
    make(
        root,
        {
            f"{name}/{number}.{name}": b"x" * size
            for name, sizes in folders.items()
            for number, size in enumerate(sizes)
        },
    )
    found = analysis(root)
    total = sum(sum(sizes) for sizes in folders.values())
    assert total == found["total_size_bytes"]
    assert total == sum(row["total_size"] for row in found["extension_breakdown"].values())
    assert total == sum(row["size_bytes"] for row in found["by_owner"])
    assert total == sum(found["size_distribution_bytes"].values()) == sum(found["age_distribution_bytes"].values())
    assert total == sum(row["size_bytes"] for row in found["by_directory"])
