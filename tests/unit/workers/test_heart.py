"""The file that is touched with each heartbeat."""

import os
from pathlib import Path

import pytest

from workers import heart


@pytest.mark.parametrize("is_there", [False, True])
def test_with_each_heartbeat_the_file_is_new(tmp_path: Path, is_there: bool) -> None:
    """Whether it was there before or not."""
    file = tmp_path / "heart"
    if is_there:
        file.touch()
        os.utime(file, (0, 0))
    heart.touch(file)
    assert file.stat().st_mtime > 0


def test_a_file_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """The heartbeat itself is in Redis."""
    heart.touch(tmp_path / "missing" / "heart")
    heart.touch(None)
    assert list(tmp_path.iterdir()) == []
