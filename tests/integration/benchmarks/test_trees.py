"""Trees are built whole, once, and leave memory when they are told to."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.corpus_plan import answer_file
from benchmarks.storage.trees import NoSpaceError, ensure_tree, evict, warm


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder that is not only in memory, as /tmp is on many machines."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


def test_a_tree_is_built_once(tmp_path: Path) -> None:
    """The second call finds it; its answer stands beside it."""
    first = ensure_tree(tmp_path, "mixed", 0.001)
    inode = first.stat().st_ino
    assert ensure_tree(tmp_path, "mixed", 0.001) == first
    assert first.stat().st_ino == inode
    assert answer_file(first).exists()


def test_what_a_killed_run_left_is_never_measured(tmp_path: Path) -> None:
    """Half a tree, or a whole one without its answer, is built anew."""
    root = ensure_tree(tmp_path, "few-large", 0.0001)
    answer_file(root).unlink()
    (root / "stray").touch()
    half = root.with_name(f"{root.name}.half")
    half.mkdir()
    (half / "stray").touch()
    assert ensure_tree(tmp_path, "few-large", 0.0001) == root
    assert not (root / "stray").exists()
    assert sorted(tmp_path.iterdir()) == sorted([root, answer_file(root)])


def test_a_tree_that_does_not_fit_is_not_begun(tmp_path: Path) -> None:
    """Of 44 files, some petabytes together."""
    with pytest.raises(NoSpaceError, match="few-large needs"):
        ensure_tree(tmp_path, "few-large", 1e6)
    assert list(tmp_path.iterdir()) == []


def test_warm_and_cold_are_what_they_say(disk: Path) -> None:
    """All pages in memory, then none, by what fincore says of them."""
    root = ensure_tree(disk, "few-large", 0.001)
    files = [path for path in root.rglob("*") if path.is_file()]
    warm(root)
    assert resident(files) >= sum(path.stat().st_size for path in files)
    evict(root)
    assert resident(files) == 0


def resident(files: list[Path]) -> int:
    said = subprocess.run(["fincore", "-nb", "-o", "RES", *files], capture_output=True, text=True, check=True).stdout
    return sum(map(int, said.split()))
