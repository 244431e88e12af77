"""The quarantine on a real filesystem, and what others may do to it."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optimizer.host.quarantine import (
    Quarantine,
    QuarantineUnsafeError,
    QuarantineUnusableError,
    RootBusyError,
    locked,
)
from tests.filesystems import in_memory

JOB = "3f1c"


@contextmanager
def quarantine(root: Path) -> Iterator[tuple[int, Quarantine]]:
    """The open root, and its quarantine."""
    root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with locked(root_fd, os.fsencode(root)) as held:
            yield root_fd, held
    finally:
        os.close(root_fd)


def attributes(path: Path) -> tuple[object, ...]:
    """All of a file that an undo has to bring back."""
    status = path.lstat()
    xattrs = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return (status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, xattrs, path.read_bytes())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(b"content")
    made.chmod(0o4640)
    os.setxattr(made, "user.note", b"kept")
    os.utime(made, ns=(10**18, 10**18))
    return made


def test_a_file_comes_back_with_all_that_it_had(tmp_path: Path, file: Path) -> None:
    """The same inode, mode, owner, times, attributes and bytes; nothing is left behind."""
    before = attributes(file)
    with quarantine(tmp_path) as (root_fd, held):
        held.put(JOB, 0, root_fd, b"file")
        assert not file.exists()
        held.give_back(JOB, 0, root_fd, b"file")
    assert attributes(file) == before
    assert list((tmp_path / ".hro-quarantine").iterdir()) == []


def test_moving_frees_nothing_and_purging_does(tmp_path: Path, file: Path) -> None:
    """The bytes are there until they are purged."""
    with quarantine(tmp_path) as (root_fd, held):
        status = held.put(JOB, 0, root_fd, b"file")
        looked = held.look(JOB, 0)
        assert looked is not None
        assert looked.st_ino == status.st_ino
        held.purge(JOB, 0)
        assert held.look(JOB, 0) is None


def test_a_name_that_is_taken_again_is_never_overwritten(tmp_path: Path, file: Path) -> None:
    """The newcomer stays, and so does what is in quarantine."""
    with quarantine(tmp_path) as (root_fd, held):
        held.put(JOB, 0, root_fd, b"file")
        file.write_text("new")
        with pytest.raises(FileExistsError):
            held.give_back(JOB, 0, root_fd, b"file")
        assert (file.read_text(), held.look(JOB, 0) is not None) == ("new", True)


def test_an_action_has_one_place(tmp_path: Path, file: Path) -> None:
    """What lies there is not replaced by another file."""
    (tmp_path / "other").write_text("other")
    with quarantine(tmp_path) as (root_fd, held):
        held.put(JOB, 0, root_fd, b"file")
        with pytest.raises(FileExistsError):
            held.put(JOB, 0, root_fd, b"other")
    assert (tmp_path / "other").exists()


def test_two_jobs_never_change_one_root_at_once(tmp_path: Path) -> None:
    """The second is told so, and the first one's end lets it in."""
    with quarantine(tmp_path), pytest.raises(RootBusyError), quarantine(tmp_path):
        pass
    with quarantine(tmp_path):
        pass


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask says."""
    with quarantine(tmp_path):
        assert (tmp_path / ".hro-quarantine").stat().st_mode & 0o7777 == 0o700


@pytest.mark.parametrize("made", ["a link to a folder", "a file", "a folder for all", "a folder of another user"])
def test_a_folder_that_somebody_else_made_is_refused(tmp_path: Path, file: Path, made: str) -> None:
    """In a folder that all may write to, anybody may come first; nothing is moved into what is not ours."""
    folder, elsewhere = tmp_path / ".hro-quarantine", tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if made == "a link to a folder":
        folder.symlink_to(elsewhere)
    elif made == "a file":
        folder.touch()
    elif made == "a folder for all":
        folder.mkdir()
        folder.chmod(0o777)
    elif os.geteuid() == 0:
        folder.mkdir(mode=0o700)
        os.chown(folder, 65534, 65534)
    else:
        pytest.skip("only root can give a folder away")
    with pytest.raises(QuarantineUnsafeError), quarantine(tmp_path):
        pass
    assert (file.exists(), list(elsewhere.iterdir())) == (True, [])


def test_a_file_of_another_mount_stays_where_it_is(tmp_path: Path) -> None:
    """A rename does not cross mounts, and a copy would not be the same file."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    inner = tmp_path / "inner"
    inner.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", inner], check=True)
    try:
        (inner / "file").write_text("content")
        inner_fd = os.open(inner, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with quarantine(tmp_path) as (_, held), pytest.raises(OSError, match=os.strerror(errno.EXDEV)):
                held.put(JOB, 0, inner_fd, b"file")
        finally:
            os.close(inner_fd)
        assert (inner / "file").read_text() == "content"
    finally:
        subprocess.run(["umount", inner], check=True)


@pytest.mark.parametrize(
    ("options", "reason", "remedy"),
    [
        ("nr_inodes=1", "No space left on device", "Free some space or inodes there"),
        ("ro", "Read-only file system", "Mount it so that it can be written to"),
    ],
)
def test_a_quarantine_that_cannot_be_made_names_its_folder(
    tmp_path: Path, options: str, reason: str, remedy: str
) -> None:
    """And what to change; it is no bare error of the system."""
    with (
        in_memory(tmp_path / "disk", options) as root,
        pytest.raises(QuarantineUnusableError) as caught,
        quarantine(root),
    ):
        pass
    folder = root / ".hro-quarantine"
    assert caught.value.message == (
        f"{folder} cannot be made or opened: {reason}. {remedy}, or take {root} out of HRO_ROOTS."
    )


def test_a_quarantine_that_may_not_be_on_disk_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first flush that failed leaves no folder behind, which the next job would trust."""

    def failing(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing)
        with pytest.raises(QuarantineUnusableError, match="Input/output error"), quarantine(tmp_path):
            pass
    assert not (tmp_path / ".hro-quarantine").exists()
    with quarantine(tmp_path):
        assert (tmp_path / ".hro-quarantine").is_dir()
