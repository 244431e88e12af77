"""Whatever happens to a supervisor or to its guard, no program is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.processes import all_gone, runs

SUPERVISING = """
import os, sys
from pathlib import Path
from optimizer.cli.stack.guard import guarded
from optimizer.cli.stack.supervisor import Program, Supervisor

folder = Path(sys.argv[1])

def program(name):
    log = folder / f"{name}.log"
    command = (sys.executable, "-c", sys.argv[2], str(folder / "order"), name)
    return Program(name=name, command=command, is_ready=lambda _pid: "ready" in log.read_text())

def work():
    try:
        with Supervisor(folder) as supervisor:
            for name in ("first", "second"):
                supervisor.start(program(name))
            print(os.getpid(), *supervisor.pids().values(), flush=True)
            supervisor.watch()
    except KeyboardInterrupt:
        return 7

sys.exit(guarded(work, grace=float(sys.argv[3])))
"""
#: Writes its name to a file when it is asked to end
POLITE = """
import signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as file:
        print(sys.argv[2], file=file)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


@contextmanager
def supervising(folder: Path, source: str, grace: float = 60.0) -> "Iterator[tuple[subprocess.Popen[str], list[int]]]":
    """A guard, with the ids of its supervisor and of that one's two programs."""
    command = [sys.executable, "-c", SUPERVISING, str(folder), source, str(grace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as guard:
        assert guard.stdout is not None
        pids = [int(pid) for pid in guard.stdout.readline().split()]
        assert len(pids) == 3
        yield guard, pids


def order(folder: Path) -> list[str]:
    return (folder / "order").read_text().split()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """SIGINT, SIGTERM and SIGHUP each stop the programs, the last first, before the command itself ends."""
    with supervising(tmp_path, POLITE) as (guard, pids):
        guard.send_signal(number)
        guard.send_signal(number)  # an impatient second one changes nothing
        assert guard.wait(timeout=60) == 7
        assert not any(runs(pid) for pid in pids)
    assert order(tmp_path) == ["second", "first"]


def test_a_killed_guard_leaves_nothing(tmp_path: Path) -> None:
    """When the process that the user knows is killed, all others still end in order."""
    with supervising(tmp_path, POLITE) as (guard, pids):
        guard.kill()
    assert all_gone(pids)
    assert order(tmp_path) == ["second", "first"]


def test_a_killed_supervisor_leaves_nothing(tmp_path: Path) -> None:
    """When the supervisor itself is killed, its programs are asked to end, and the guard waits for them."""
    with supervising(tmp_path, POLITE) as (guard, pids):
        os.kill(pids[0], signal.SIGKILL)
        assert guard.wait(timeout=60) == 128 + signal.SIGKILL
        assert not any(runs(pid) for pid in pids)
    assert sorted(order(tmp_path)) == ["first", "second"]


def test_a_stubborn_orphan_is_killed_by_the_guard(tmp_path: Path) -> None:
    """A program that ignores SIGTERM does not outlive its killed supervisor by more than the grace."""
    with supervising(tmp_path, STUBBORN, grace=0.2) as (guard, pids):
        os.kill(pids[0], signal.SIGKILL)
        assert guard.wait(timeout=60) == 128 + signal.SIGKILL
        assert not any(runs(pid) for pid in pids)


def test_guard_and_supervisor_killed_at_once_still_ask_the_programs_to_end(tmp_path: Path) -> None:
    """Each program is tied to its supervisor, so that even then it gets its SIGTERM."""
    with supervising(tmp_path, POLITE) as (guard, pids):
        psutil.Process(guard.pid).suspend()
        os.kill(pids[0], signal.SIGKILL)
        guard.kill()
    assert all_gone(pids)
    assert sorted(order(tmp_path)) == ["first", "second"]
