"""Files without a name, on a real filesystem."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from optimizer.host.unnamed import give_name, unnamed


@pytest.fixture
def folder_fd(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def test_it_appears_whole_under_a_name_that_is_free(tmp_path: Path, folder_fd: int) -> None:
    """Until then nobody sees it; and it is for its owner alone, whatever the umask says."""
    with unnamed(folder_fd) as descriptor:
        os.write(descriptor, b"content")
        assert list(tmp_path.iterdir()) == []
        give_name(descriptor, folder_fd, b"odd\n\xff")
    (path,) = tmp_path.iterdir()
    assert (path.read_bytes(), path.stat().st_mode & 0o7777, path.stat().st_nlink) == (b"content", 0o600, 1)


@pytest.mark.parametrize("kind", ["file", "folder", "link", "broken link"])
def test_a_name_that_is_taken_is_left_to_its_owner(tmp_path: Path, folder_fd: int, kind: str) -> None:
    """Nothing is written through a link, either."""
    (tmp_path / "elsewhere").touch()
    path = tmp_path / "name"
    if kind == "file":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nowhere"))
    before = path.lstat()
    with unnamed(folder_fd) as descriptor, pytest.raises(FileExistsError):
        give_name(descriptor, folder_fd, b"name")
    assert path.lstat() == before


def test_nothing_is_left_of_it_when_its_process_is_killed(tmp_path: Path, folder_fd: int) -> None:
    """No name, and no space."""
    child = os.fork()
    if child == 0:
        with unnamed(folder_fd) as descriptor:
            os.write(descriptor, b"content")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert list(tmp_path.iterdir()) == []
