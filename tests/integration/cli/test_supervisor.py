"""Programs are started stage by stage, and every one of them ends with its supervisor."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from optimizer.cli.errors import ProgramEndedError
from optimizer.cli.stack.endings import Patience
from optimizer.cli.stack.supervisor import Program, Supervisor
from tests.processes import all_gone, eventually, runs

SLEEPER = "import time; print('sleeping', flush=True); time.sleep(600)"
#: Ignores SIGTERM, and starts a child that does so too
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
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


def program(name: str, source: str, *arguments: str, **more: object) -> Program:
    return Program(name=name, command=(sys.executable, "-c", source, *arguments), **more)  # type: ignore[arg-type] # as given


def tended(supervisor: Supervisor) -> Mapping[str, int]:
    """The process ids after one more look."""
    supervisor.tend()
    return supervisor.pids()


def says(log: Path, word: str) -> bool:
    return log.exists() and word in log.read_text()


def test_every_program_ends_with_the_context(tmp_path: Path) -> None:
    """When the supervisor's context is left, none of its programs runs any more."""
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(program("one", SLEEPER), program("two", SLEEPER))
        pids = supervisor.pids()
        assert all(runs(pid) for pid in pids.values())
    assert not any(runs(pid) for pid in pids.values())


def test_start_waits_until_programs_are_ready(tmp_path: Path) -> None:
    """`start` returns once each program's own check holds, which is given the program's process id."""
    asked: list[int] = []

    def ready(pid: int) -> bool:
        asked.append(pid)
        return says(tmp_path / "slow.log", "sleeping")

    with Supervisor(tmp_path) as supervisor:
        supervisor.start(program("slow", SLEEPER, is_ready=ready))
        assert says(tmp_path / "slow.log", "sleeping")
        assert set(asked) == {supervisor.pids()["slow"]}


def test_a_program_that_never_becomes_ready_is_named(tmp_path: Path) -> None:
    """A program that is not ready in time ends the start, with its name and the end of its log."""
    never = program("never", SLEEPER, is_ready=lambda _pid: False, patience=1.0)
    with Supervisor(tmp_path) as supervisor, pytest.raises(ProgramEndedError, match="never was not ready"):
        supervisor.start(never)


def test_a_program_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    """The error for a dead program says which one, how it ended, and what it said last."""
    broken = program("broken", "import sys; print('no such disk'); sys.exit(3)", is_ready=lambda _pid: False)
    with Supervisor(tmp_path) as supervisor, pytest.raises(ProgramEndedError) as caught:
        supervisor.start(broken)
    assert "broken ended with exit code 3" in caught.value.message
    assert caught.value.message.endswith("no such disk")


def test_a_killed_program_is_started_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that a signal killed runs again, the others go on, and it is said how it ended and where its log is."""
    with Supervisor(tmp_path, patience=Patience(first_pause=0.01)) as supervisor:
        supervisor.start(program("victim", SLEEPER), program("other", SLEEPER))
        before = dict(supervisor.pids())
        os.kill(before["victim"], signal.SIGKILL)
        assert eventually(lambda: tended(supervisor)["victim"] != before["victim"])
        assert runs(supervisor.pids()["victim"])
        assert supervisor.pids()["other"] == before["other"]
    assert not any(runs(pid) for pid in supervisor.pids().values())
    assert capsys.readouterr().err == (
        f"hro: victim ended by signal SIGKILL; starting it again in 0.01 s. Its log: {tmp_path / 'victim.log.1'}\n"
    )


def test_what_ends_again_and_again_is_given_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that ends at once each time ends the watch, with its log; it was tried as often as is said."""
    broken = program("broken", "print('no such disk', flush=True); raise SystemExit(3)")
    with Supervisor(tmp_path, patience=Patience(first_pause=0.01, most=3)) as supervisor:
        supervisor.start(program("well", SLEEPER), broken)
        with pytest.raises(ProgramEndedError) as caught:
            supervisor.watch()
        well = supervisor.pids()["well"]
    assert not runs(well)
    said = caught.value.message
    assert said.startswith("broken ended with exit code 3, as 3 times within 60 seconds. The end of ")
    assert str(tmp_path / "broken.log") in said
    assert said.endswith("no such disk")
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_it_can_be_left_while_a_program_is_away(tmp_path: Path) -> None:
    """A program that is to be started again later is not, once the context is left."""
    with Supervisor(tmp_path, patience=Patience(first_pause=600.0, longest_pause=600.0)) as supervisor:
        supervisor.start(program("victim", SLEEPER))
        victim = supervisor.pids()["victim"]
        os.kill(victim, signal.SIGKILL)
        assert eventually(lambda: not runs(tended(supervisor)["victim"]))
        supervisor.tend()
    assert {path.name for path in tmp_path.iterdir()} == {"victim.log"}


def test_what_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    """After the grace the whole process group is killed, so that no grandchild is left either."""
    log = tmp_path / "stubborn.log"
    with Supervisor(tmp_path, grace=0.2) as supervisor:
        supervisor.start(program("stubborn", STUBBORN, is_ready=lambda _pid: says(log, "ready")))
        grandchild = next(int(line) for line in log.read_text().splitlines() if line.isdigit())
        pids = [*supervisor.pids().values(), grandchild]
        assert all(runs(pid) for pid in pids)
    assert all_gone(pids)


def test_the_last_stage_ends_first(tmp_path: Path) -> None:
    """A stage is ended only after all that were started later: workers before the Redis that they need."""
    order = tmp_path / "order"
    with Supervisor(tmp_path) as supervisor:
        for name in ("first", "second", "third"):
            log = tmp_path / f"{name}.log"
            supervisor.start(program(name, POLITE, str(order), name, is_ready=lambda _pid, log=log: says(log, "ready")))
    assert order.read_text().split() == ["third", "second", "first"]


def test_the_last_log_is_kept(tmp_path: Path) -> None:
    """A new start writes a new log, and keeps the one before it beside it."""
    for _ in range(2):
        with Supervisor(tmp_path) as supervisor:
            supervisor.start(program("one", SLEEPER, is_ready=lambda _pid: says(tmp_path / "one.log", "sleeping")))
    assert {path.name for path in tmp_path.iterdir()} == {"one.log", "one.log.1"}


def test_a_program_has_its_folder_while_it_runs(tmp_path: Path) -> None:
    """It is there before the program is, empty again when that is started again, and gone with the supervisor."""
    folder = tmp_path / "scratch"
    with Supervisor(tmp_path / "logs", patience=Patience(first_pause=0.01)) as supervisor:
        supervisor.start(program("one", SLEEPER, scratch=folder))
        assert folder.is_dir()
        (folder / "left").touch()
        killed = supervisor.pids()["one"]
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: tended(supervisor)["one"] != killed)
        assert list(folder.iterdir()) == []
    assert not folder.exists()
