"""The state folder of a stack."""

import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from optimizer.cli.errors import RefusedError, UsageError
from optimizer.cli.stack.programs import check_ports
from optimizer.cli.stack.state import held, make_private, secret_file
from optimizer.settings import load


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    """A state folder that is made can be looked into by its owner alone."""
    make_private(tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Where something else is in the way, the error names the setting."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="HRO_STATE_DIR"):
        make_private(tmp_path / "file")


def test_one_stack_at_a_time(tmp_path: Path) -> None:
    """A second stack on the folder is refused with the first one's process id, until that has ended."""
    with held(tmp_path), pytest.raises(RefusedError, match=f"process {os.getpid()}"), held(tmp_path):
        pass
    with held(tmp_path):
        pass


def test_the_lock_lives_as_long_as_a_program_that_got_it(tmp_path: Path) -> None:
    """A Redis that outlives its supervisor still keeps a second one away from its files."""
    with held(tmp_path) as lock:
        heir = subprocess.Popen(["sleep", "600"], pass_fds=[lock])
    with heir:
        with pytest.raises(RefusedError), held(tmp_path):
            pass
        heir.kill()
    with held(tmp_path):
        pass


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """A secret file is made for its owner alone, and stays the same afterwards."""
    path = secret_file(tmp_path / "signing-key")
    first = path.read_text()
    assert len(first.strip()) == 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret_file(path).read_text() == first


def test_a_taken_port_is_refused_with_its_setting() -> None:
    """Where something listens on the port, the error says so and names HRO_PORT."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = load({"HRO_PORT": str(taken.getsockname()[1])})
        with pytest.raises(RefusedError, match="HRO_PORT"):
            check_ports(settings)
    check_ports(settings)
