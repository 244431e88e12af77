"""Another program, run to its end."""

import os
import signal
from pathlib import Path

import pytest

from optimizer.errors import CancelledError
from optimizer.host.people import account_of
from optimizer.host.run import Ended, Running, may_become


def finish(script: str, seconds: float = 30) -> Ended:
    account = account_of(os.geteuid())
    assert account is not None
    return Running.start([b"sh", b"-c", script.encode()], account).finish(seconds, lambda: None)


@pytest.mark.parametrize(
    ("script", "code"), [("true", 0), ("exit 7", 7), ("kill -KILL $$", -9), ("exec >&- 2>&-; sleep 0.5; exit 4", 4)]
)
def test_it_tells_how_it_ended(script: str, code: int) -> None:
    """Also where it has closed its output long before."""
    assert finish(script).exit_code == code


def test_its_last_lines_are_kept() -> None:
    """However much it writes; as text that no terminal obeys."""
    ended = finish(r"seq 1 300000; printf '\033[2Jlast\n\n'")
    assert ended.output.endswith(r"300000; \x1b[2Jlast")
    assert len(ended.output) < 2000


def test_no_password_in_an_address_is_kept() -> None:
    """A manager may name where it downloads from."""
    assert finish("echo https://me:secret@example.org/a http://example.org/b").output == (
        "https://***@example.org/a http://example.org/b"
    )


def test_what_it_leaves_behind_does_not_hold_us_up(tmp_path: Path) -> None:
    """A service that it started has its output open and goes on: that is its own matter."""
    ended = finish(f"sleep 20 & echo $! > {tmp_path}/pid; echo done")
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)  # it is there still
    assert (ended.exit_code, ended.output) == (0, "done")


def test_one_that_does_not_listen_is_made_to_end() -> None:
    """After it was asked."""
    assert finish("trap '' TERM; echo up; while :; do sleep 0.1; done", seconds=0.5) == Ended(
        exit_code=None, output="up"
    )


def test_it_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    """Whatever ends the waiting."""
    account = account_of(os.geteuid())
    assert account is not None
    running = Running.start([b"sleep", b"60"], account)

    def cancelled() -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        running.finish(60, cancelled)
    assert running.process.returncode == -signal.SIGTERM


def test_only_root_becomes_another_user(tmp_path: Path) -> None:
    """And only with the capabilities for it."""
    (tmp_path / "self").mkdir()
    for effective, may in (("00000000000000e0", True), ("0000000000000080", False), ("0000000000000000", False)):
        (tmp_path / "self/status").write_text(f"Uid:\t0\t0\t0\t0\nCapEff:\t{effective}\n")
        assert may_become(os.geteuid() + 1, tmp_path) is may
    assert may_become(os.geteuid(), tmp_path)
