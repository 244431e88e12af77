"""Whether a file is in use, against a real process that uses it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optimizer.host.in_use import InUseError, held_alone

#: What another process does with the file that it is given
USES = {
    "reads": "handle = open(path)",
    "writes": "handle = open(path, 'r+')",
    "maps": "import mmap; f = open(path, 'r+b'); view = mmap.mmap(f.fileno(), 0); f.close()",
    "locks": "import fcntl; handle = open(path); fcntl.flock(handle, fcntl.LOCK_SH)",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_text("content")
    return made


@contextmanager
def opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("use", USES)
def test_a_file_that_another_process_uses_is_not_to_be_had(path: Path, use: str) -> None:
    """Open for reading or writing, mapped alone, or locked."""
    program = f"import sys; path = sys.argv[1]; {USES[use]}; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        with opened(path) as descriptor, pytest.raises(InUseError), held_alone(descriptor):
            pass
        other.communicate("")
    with opened(path) as descriptor, held_alone(descriptor):
        pass


def test_whoever_opens_a_held_file_waits_and_then_has_it(path: Path) -> None:
    """Under its new name or its old one, whole: a lease delays, it does not destroy."""
    with opened(path) as descriptor, held_alone(descriptor):
        reader = subprocess.Popen(["cat", path], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            reader.communicate(timeout=0.5)
        path.rename(path.with_name("moved"))
    content, _ = reader.communicate(timeout=30)
    assert (reader.returncode, content) == (0, "content")


def test_a_file_of_another_user_cannot_be_judged_without_the_capability(path: Path) -> None:
    """What cannot be known counts as in use."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    path.chmod(0o644)
    for folder in (path.parent, *path.parents):
        if str(folder).startswith("/tmp/pytest"):
            folder.chmod(0o755)
    program = (
        "import os, sys; from optimizer.host.in_use import *; os.setgid(65534); os.setuid(65534)\n"
        "fd = os.open(sys.argv[1], os.O_RDONLY)\n"
        "try:\n    with held_alone(fd): print('held')\n"
        "except InUseError as error: print(error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert "CAP_LEASE" in done.stdout
