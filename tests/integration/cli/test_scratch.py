"""Folders for what the processes of one program share."""

import stat
from pathlib import Path

import pytest

from optimizer.cli.errors import RefusedError
from optimizer.cli.stack import scratch


def test_it_is_private_and_empty_each_time(tmp_path: Path) -> None:
    """What was in it is gone when it is made again, and all of it when it is removed."""
    folder = tmp_path / "scratch"
    for _ in range(2):
        scratch.make(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list(folder.iterdir()) == []
        (folder / "counter.db").touch()
    scratch.remove(folder)
    assert not folder.exists()


@pytest.mark.parametrize("as_link", [False, True])
def test_what_somebody_else_put_there_is_refused(tmp_path: Path, *, as_link: bool) -> None:
    """Neither a file nor a link in its place is used or followed."""
    theirs, folder = tmp_path / "theirs", tmp_path / "scratch"
    theirs.mkdir()
    (theirs / "kept").touch()
    if as_link:
        folder.symlink_to(theirs)
    else:
        folder.touch()
    with pytest.raises(RefusedError, match="scratch cannot be made"):
        scratch.make(folder)
    assert [path.name for path in theirs.iterdir()] == ["kept"]


def test_services_side_by_side_have_one_each() -> None:
    """The same facts name the same place, others another."""
    assert scratch.place("api", "/state", 1) == scratch.place("api", "/state", 1)
    assert scratch.place("api", "/state", 1) != scratch.place("api", "/state", 2)
