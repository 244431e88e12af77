"""The import contracts hold, and each of them catches what it is for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": "."}
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The house as it stands, to plant a fault in."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for package in ("optimizer", "api", "workers"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("api/app.py", "import workers.tasks", "API and workers do not know each other"),
        ("optimizer/runner.py", "import api.app", "API and workers do not know each other"),
        ("optimizer/host/clock.py", "import optimizer.store.jobs", "Rooms of the optimizer are layered"),
        ("optimizer/memory/plan.py", "import optimizer.cpu.plan", "Rooms of the optimizer are layered"),
        ("optimizer/utils.py", "X = 1", "Rooms of the optimizer are layered"),
        ("optimizer/store/jobs.py", "import celery", "The optimizer knows neither Celery nor Flask"),
        ("workers/base.py", "import flask", "Workers know nothing of Flask"),
        ("api/submitting.py", "import kombu", "The API knows nothing of Celery"),
        ("optimizer/memory/plan.py", "import os", "Pure modules touch nothing"),
        ("optimizer/runner.py", "import optimizer.settings", "Pure modules touch nothing"),
        ("optimizer/store/keys.py", "import optimizer.store.jobs", "No two modules need each other"),
    ],
)
def test_a_planted_fault_is_caught(copy: Path, module: str, planted: str, contract: str) -> None:
    """One line in the wrong place breaks the contract that forbids it."""
    path = copy / module
    path.write_text(f"{planted}\n{path.read_text() if path.exists() else ''}")
    verdict = lint(copy)
    assert verdict.returncode == 1, verdict.stdout
    assert f"{contract} BROKEN" in verdict.stdout


def test_the_house_as_it_stands_keeps_every_contract() -> None:
    """What the tests above plant is not there."""
    verdict = lint(ROOT)
    assert (verdict.returncode, "BROKEN" in verdict.stdout) == (0, False), verdict.stdout
