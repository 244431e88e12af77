"""A minute in which every part of the service is killed; `make chaos` runs for ten."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from optimizer.cli.stack.redis import installed_server
from tests.conftest import missing
from tests.servers import RABBITMQ

ROOT = Path(__file__).parents[2]


def chaos(*arguments: str) -> "subprocess.CompletedProcess[str]":
    if installed_server() is None:
        missing("redis-server")
    if not (RABBITMQ.exists() and shutil.which("epmd")):
        missing("rabbitmq-server")
    command = [sys.executable, "-m", "benchmarks.chaos", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=540)


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_done_twice_while_everything_is_killed(tmp_path: Path) -> None:
    """Each accepted job has one end, each file is where the journal has it, each event was heard."""
    done = chaos("--seconds", "60", "--jobs", "300", "--seed", "4", "--out", str(tmp_path / "chaos.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "chaos.json").read_text())["figures"]
    # Of 300 jobs and 17 kills, as far as a slow machine gets with them
    assert (int(figures["accepted jobs"]) > 150, int(figures["kills"]) >= 10) == (True, True), done.stdout


@pytest.mark.timeout(600)
def test_what_is_lost_or_done_twice_is_noticed() -> None:
    """Without claims and keepers, a message taken away is one lost job, and a copied one is one doubled job."""
    done = chaos("--prove-accounting")
    assert done.returncode == 0, done.stdout + done.stderr
