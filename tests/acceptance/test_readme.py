"""The README's commands, as a newcomer types them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from optimizer.cli.stack.redis import free_port
from tests.conftest import missing
from tests.processes import hro

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
LINES = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
COMMANDS = [line.partition(" #")[0].strip() for line in LINES if line.strip()]
MADE = [command for command in COMMANDS if command.startswith("make ")]
CURLED = [command for command in COMMANDS if command.startswith("curl ")]
CHANGING = [command for command in COMMANDS if re.match(r"\.venv/bin/hro (plan|apply|undo) ", command)]
LOCAL = [command for command in COMMANDS if command.startswith(".venv/bin/hro ") and command not in CHANGING]
#: tests/containers runs them
CONTAINED = [command for command in COMMANDS if command.startswith(("export ", "docker compose "))]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `make up` runs, and the environment of the other terminal."""
    if shutil.which("curl") is None:
        missing("curl")
    state, port = tmp_path_factory.mktemp("up"), free_port()
    up = hro("up", HRO_STATE_DIR=str(state), HRO_PORT=str(port), HRO_FLOWER_PORT="0")
    assert up.process.stdout is not None
    shown = ""
    while not shown.endswith("Ctrl-C\n"):
        shown += up.process.stdout.readline() or pytest.fail(shown)
    (key,) = re.findall(r"^  (hro_\S+)$", shown, re.MULTILINE)
    yield {"PATH": os.defpath, "HRO_KEY": key, "PORT": str(port)}  # nothing of this run's environment
    up.process.terminate()
    up.end()


def run(command: str, environment: dict[str, str]) -> str:
    """What a command prints, in a shell; the service listens on another port than the one in the README."""
    command = command.replace("127.0.0.1:11110", f"127.0.0.1:{environment.get('PORT')}")
    command = command.replace(".venv/bin/hro", f"{sys.executable} -P -m optimizer.cli.main")
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_is_of_a_kind_that_is_tested_here() -> None:
    """A new one needs a test, too."""
    assert sorted(MADE + CURLED + LOCAL + CHANGING + CONTAINED) == sorted(COMMANDS)


@pytest.mark.parametrize("command", MADE)
def test_make_knows_the_target(command: str) -> None:
    """`make test` is what runs this; demo and up have tests of their own."""
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_session_with_curl_works_from_top_to_bottom(shell: dict[str, str]) -> None:
    """Each command gives what the text beside it says."""
    analysis, dry_run, change, polled = CURLED
    assert json.loads(run(analysis, shell))["status"] == "success"
    assert "202 Accepted" in run(dry_run, shell)
    taken = json.loads(run(change, shell))
    assert json.loads(run(polled, shell | {"ID": taken["optimization_id"]}))["kind"] == "optimize_memory"


@pytest.mark.parametrize("command", LOCAL)
def test_the_local_commands_print(command: str, tmp_path: Path) -> None:
    """A table, or JSON."""
    (tmp_path / "file").write_text("content")
    printed = run(command.replace("/usr/share", str(tmp_path)), {"PATH": os.defpath})
    assert json.loads(printed) if "--json" in command else "file" in printed


def test_a_change_is_planned_done_and_taken_back(tmp_path: Path) -> None:
    """In the order of the page; the plan prints the id that the others take."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("one", "copy"):
        (photos / name).write_bytes(b"picture" * 1000)
    environment = {"PATH": os.defpath, "HRO_ROOTS": str(photos), "HRO_STATE_DIR": str(tmp_path / "state")}
    plan, apply, undo = (command.replace("/srv/photos", str(photos)) for command in CHANGING)
    environment["PLAN"] = run(plan, environment).split()[-1]
    run(apply, environment)
    assert (photos / "one").stat().st_nlink == 2
    run(undo, environment)
    assert ((photos / "one").stat().st_nlink, (photos / "copy").read_bytes()) == (1, b"picture" * 1000)
