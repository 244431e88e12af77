"""A cache that somebody uses is left alone."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.clearing import Host

HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(60)
"""


def test_yarn_3381_pip_12361_a_manager_at_work_is_left_alone(demo: Callable[..., Host], tmp_path: Path) -> None:
    """Who holds its lock is named in the plan; one that takes it after the plan is seen too."""
    host = demo(locks=("{folder}/lock",))
    plan = host.plan()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, host.folder / "lock"], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        refused = host.plan()
        outcome = host.apply(plan)["outcomes"][0]
        holder.send_signal(signal.SIGKILL)
    assert refused.actions == ()
    assert f"(process {holder.pid}) has a lock on {host.folder / 'lock'}" in refused.notes[0]
    assert (outcome["code"], f"process {holder.pid}" in outcome["reason"]) == ("unavailable", True)
    assert len(list(host.folder.iterdir())) == 3
    assert host.clear()[1].result["outcomes"][0]["status"] == "done"


def test_npm_1484_a_cache_that_a_process_has_open_is_left_alone(demo: Callable[..., Host]) -> None:
    """As an install has, of a manager without a lock."""
    host = demo()
    with subprocess.Popen(["tail", "-f", host.folder / "a"], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        user.stdout.read(1)
        refused = host.plan()
        user.send_signal(signal.SIGKILL)
    assert f"tail (process {user.pid}) has a file in it open." in refused.notes[0]
    assert refused.actions == ()


def test_npm_1484_pip_12361_a_program_that_uses_the_cache_keeps_it(demo: Callable[..., Host], tmp_path: Path) -> None:
    """By its name, wherever in its command line that is."""
    host = demo(users=("demo-install",))
    (tmp_path / "demo-install").write_text("import time; print('up', flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-u", tmp_path / "demo-install"], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        user.stdout.readline()
        refused = host.plan()
        user.send_signal(signal.SIGKILL)
    assert f"(process {user.pid}) is at work, and may be using it." in refused.notes[0]
