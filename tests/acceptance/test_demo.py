"""`hro demo` as a newcomer runs it."""

import signal
from pathlib import Path

import pytest

from tests.processes import eventually, hro


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three files, of which two are equal."""
    tree = tmp_path / "a [/tree]"
    (tree / "sub").mkdir(parents=True)
    (tree / "one.txt").write_bytes(b"x" * 50_000)
    (tree / "sub" / "copy.txt").write_bytes(b"x" * 50_000)
    (tree / "other.log").write_bytes(b"y" * 50_000)
    return tree


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the demo puts what it needs for a while."""
    scratch = tmp_path / "t"
    scratch.mkdir()
    return scratch


def test_it_shows_what_it_found_and_leaves_nothing(tree: Path, scratch: Path) -> None:
    """The demo names space, duplicates, memory and the cache's worth; then no process and no file of it is left."""
    before = sorted(tree.rglob("*"))
    demo = hro("demo", str(tree), TMPDIR=str(scratch))
    code, out, error = demo.end()
    assert code == 0, error
    assert "What uses the space in" in out
    assert "3 files, 146.5 KiB" in out
    assert "1 group with 1 copy too many; 48.8 KiB could be reclaimed" in out
    assert "GiB available. Dry run of a change:" in out
    runs = [line.split() for line in out.splitlines() if line.strip().startswith(("first ", "second "))]
    assert [run[:2] for run in runs] == [["first", "3"], ["second", "3"]]
    assert runs[1][2:5] == ["0", "B", "100.0%"]
    assert demo.left_behind() == []
    assert list(scratch.iterdir()) == []
    assert sorted(tree.rglob("*")) == before


def test_ctrl_c_stops_it_at_once(tree: Path, scratch: Path) -> None:
    """Interrupted while it starts, it stops what already runs, says so, and leaves nothing."""
    demo = hro("demo", str(tree), TMPDIR=str(scratch))
    assert eventually(lambda: any(scratch.glob("hro-demo-*/logs/api.log")))
    demo.process.send_signal(signal.SIGINT)
    code, _, said = demo.end()
    assert code == 128 + signal.SIGINT
    assert "Interrupted; everything has been stopped." in said
    assert demo.left_behind() == []
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("name", ["missing", "one.txt"])
def test_what_is_no_folder_is_wrong_usage(tree: Path, name: str) -> None:
    """A path that is not there, or not a folder, is told in one line with exit code 2."""
    code, _, said = hro("demo", str(tree / name)).end()
    assert code == 2
    assert said.startswith(f"hro: {tree / name} is not")
    assert said.count("\n") == 1


def test_a_redis_that_does_not_answer_is_named(tree: Path, scratch: Path) -> None:
    """Where HRO_REDIS_URL leads nowhere, that is told with exit code 5, and nothing is left."""
    demo = hro("demo", str(tree), TMPDIR=str(scratch), HRO_REDIS_URL="redis://:secret@127.0.0.1:1/0")
    code, _, said = demo.end()
    assert code == 5
    assert "hro: No Redis answers at HRO_REDIS_URL" in said
    assert "secret" not in said
    assert demo.left_behind() == []
    assert list(scratch.iterdir()) == []
