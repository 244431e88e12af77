"""Who is at work on files, asked of the kernel with real processes."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from optimizer.host.busy import lock_holder, running, user_below

PROGRAM = "import fcntl, sys, time; file = open(sys.argv[1], 'w'); {lock}; print(1, flush=True); time.sleep(60)"


def start(program: str, path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(1)
    return process


def test_a_lock_tells_its_holder(tmp_path: Path) -> None:
    """For as long as it is held. A file that is not there holds up nobody."""
    path = tmp_path / "lock"
    assert lock_holder(os.fsencode(path)) is None
    with start(PROGRAM.format(lock="fcntl.lockf(file, fcntl.LOCK_EX)"), path) as holder:
        assert f"(process {holder.pid})" in str(lock_holder(os.fsencode(path)))
        holder.kill()
    assert lock_holder(os.fsencode(path)) is None


def test_an_open_file_tells_its_user(tmp_path: Path) -> None:
    """Below the folder that is meant; not one beside it, and not our own."""
    (tmp_path / "cache").mkdir()
    with start(PROGRAM.format(lock="0"), tmp_path / "cache/file") as user:
        assert f"(process {user.pid})" in str(user_below(os.fsencode(tmp_path / "cache")))
        assert user_below(os.fsencode(tmp_path / "cach")) is None
        user.kill()
    with (tmp_path / "cache/file").open("w") as ours:
        fcntl.flock(ours, fcntl.LOCK_EX)
        assert user_below(os.fsencode(tmp_path / "cache")) is None


def test_a_program_is_known_by_its_command_line(tmp_path: Path) -> None:
    """Of the users that are meant."""
    with start("open(__import__('sys').argv[1], 'w'); print(1, flush=True); input()", tmp_path / "demo-tool"):
        pass
    program = tmp_path / "demo-tool"
    program.write_text("import time; print(1, flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        user.stdout.read(1)
        assert f"(process {user.pid})" in str(running(("demo-t*",), {os.geteuid()}))
        assert running(("demo-t*",), {os.geteuid() + 1}) is None
        assert running(("demo",), {os.geteuid()}) is None
        user.kill()
