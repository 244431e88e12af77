"""Compressing and undoing that end in the middle, on a real filesystem with a real journal."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from optimizer.host.journal import State
from optimizer.plans import Plan
from optimizer.storage.hands import Hands
from optimizer.storage.reclaim import undo
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.packing import PackingHost, applied, log_lines, planned


@pytest.fixture
def host(tmp_path: Path) -> PackingHost:
    return PackingHost(tmp_path)


def dies_at(step: int, does: Callable[[], object]) -> bool:
    """Do something in a child that is killed at a step of it: at the so-manyeth call that Python audits.

    Files that are opened, linked, given attributes, deleted are such calls. Whether it came that far.
    """
    child = os.fork()
    if child == 0:
        left = step

        def count(_event: str, _arguments: tuple[object, ...]) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        does()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def settle(host: PackingHost) -> None:
    """What the next changing job does first, whatever it is."""
    with Hands(host.roots, host.journal).hold(new_job("optimize_temp"), Plan(), 1):
        pass


def test_a_job_killed_at_each_of_its_steps_loses_nothing(host: PackingHost) -> None:
    """After each there is the original or what was made of it, never both or none, and undo leads back to the start."""
    host.file("a")
    before = host.manifest()
    step, ends = 1, set()
    while True:
        job, plan = planned(host)
        died = dies_at(step, lambda job=job, plan=plan: applied(host, job, plan))  # type: ignore[misc]  # defaults bind
        settle(host)
        assert host.names() in (["a"], ["a.zst"]), step
        ends.add(host.names()[0])
        if host.names() == ["a.zst"]:
            assert host.undo(job).result["files_restored"] == 1
        assert host.manifest() == before
        if not died:
            break
        step += 1
    assert ends == {"a", "a.zst"}
    assert not any(host.journal.in_state(state) for state in (State.INTENDED, State.RESTORING, State.QUARANTINED))


def test_an_undo_killed_at_each_of_its_steps_loses_nothing(host: PackingHost) -> None:
    """It is as if it had not begun, or done; and can be asked for again."""
    host.file("a")
    before = host.manifest()
    step, died, ends = 1, True, set()
    while died:
        job, plan = planned(host)
        applied(host, job, plan)
        asked, handler = new_job("undo", optimization_id=job.optimization_id), undo(Hands(host.roots, host.journal))
        plan = handler.plan(asked, handler.analyze(asked, Listening()))
        died = dies_at(step, lambda asked=asked, plan=plan: applied(host, asked, plan))  # type: ignore[misc]  # as above
        settle(host)
        assert host.names() in (["a"], ["a.zst"]), step
        ends.add(host.names()[0])
        if host.names() == ["a.zst"]:
            assert host.undo(job).result["files_restored"] == 1
        assert host.manifest() == before
        step += 1
    assert ends == {"a", "a.zst"}


PROGRAM = (
    "import sys; from pathlib import Path; from tests.packing import *\n"
    "host = PackingHost(Path(sys.argv[1])); print('go', flush=True); host.compress()"
)


def test_a_job_killed_at_any_moment_leaves_every_file_whole(host: PackingHost, tmp_path: Path) -> None:
    """Twenty jobs, one after the other; undoing all that they did leads back to the start."""
    for number in range(240):
        host.file(f"f{number:03}", log_lines(300 + number))
    before, random = host.manifest(), Random(5)
    for _ in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, tmp_path], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE
        ) as killed:
            assert killed.stdout is not None
            killed.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                killed.wait(timeout=0.1 + random.random() * 0.08)
            killed.kill()
    settle(host)
    done = host.journal.in_state(State.REPLACED)
    assert sorted(name.removesuffix(".zst") for name in host.names()) == sorted(before)
    assert len(done) == sum(name.endswith(".zst") for name in host.names())
    for optimization_id in {entry.optimization_id for entry in done}:
        host.undo(new_job().model_copy(update={"optimization_id": optimization_id}))
    assert host.manifest() == before
