"""A worker whose heart has stopped, for whatever reason, in a process of its own."""

import subprocess
import sys
from pathlib import Path

from optimizer.settings import child_environment

PROGRAM = """
import time
from workers.signals import Heart
from workers.watchdog import Watchdog

def broken():
    raise ValueError("nobody foresaw this")

Heart("cpu@here", broken, None, 1.0, Watchdog(60)).start()
time.sleep(60)
"""


def test_a_worker_without_a_heart_ends(tmp_path: Path) -> None:
    """It could renew no lease, and would go on with jobs that are given to others; it says why it ended."""
    environment = child_environment({"HRO_HOST": "here", "HRO_STATE_DIR": str(tmp_path)}, inherit=False)
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50, check=False)
    assert ended.returncode == 1
    assert "heart_broke" in ended.stdout + ended.stderr
    assert "nobody foresaw this" in ended.stdout + ended.stderr
