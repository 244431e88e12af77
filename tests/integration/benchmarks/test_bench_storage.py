"""The whole harness on tiny trees, with whichever peers are here: answers are checked, figures are written."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
HRO = Path(sys.executable).with_name("hro")
GOAL = '[[storage]]\non = "usage"\nours = "hro usage"\ntheirs = "du -s"\nbound = {}\n'


def bench(folder: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """One round without waiting for a quiet machine."""
    tiny: list[str | Path] = ["--dir", folder, "--scale", "0.001", "--rounds", "1", "--wait", "0"]
    command = [sys.executable, "-m", "benchmarks.storage", *tiny, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def written(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("storage-*.json")
    report: dict[str, Any] = json.loads(path.read_text())
    return report


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def goals(folder: Path, bound: float) -> Path:
    path = folder / "goals.toml"
    path.write_text(GOAL.format(bound))
    return path


def liar(folder: Path, change: str) -> Path:
    """A program that answers as the product does, but for one change to what it prints."""
    program = folder / "liar"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, subprocess, sys\n"
        f"done = subprocess.run([{str(HRO)!r}, *sys.argv[1:]], capture_output=True, text=True)\n"
        "if '--json' not in sys.argv: sys.exit(print(done.stdout))\n"
        f"said = json.loads(done.stdout)\n{change}\nprint(json.dumps(said))\n"
    )
    program.chmod(0o755)
    return program


def test_all_trees_are_measured_and_all_answers_right(home: Path, tmp_path: Path) -> None:
    """The table is shown, and the file holds every run, the peers' versions and the machine."""
    done = bench(home, "--million")
    assert done.returncode == 0, done.stdout + done.stderr
    report = written(home)
    assert [outcome["bench"] for outcome in report["outcomes"]] == [
        "many-small",
        "usage",
        "mixed",
        "few-large",
        "million",
    ]
    for outcome in report["outcomes"]:
        assert outcome["problems"] == {}, outcome["bench"]
        ours = "hro usage" if outcome["bench"] == "usage" else "hro dupes"
        assert outcome["rounds"][0][ours]["wall"] > 0
        assert f"{outcome['bench']}: {outcome['tree']['inodes']:,} files" in done.stdout
    assert report["machine"]["kernel"]
    assert report["hro"]["program"] == str(home / "python/bin/hro")
    assert report["hro"]["python"].startswith("Python 3.")
    assert report["machine"]["versions"]["du"].startswith("du ")
    assert any(goal["ours"] == "hro dupes" for goal in report["goals"])


@pytest.mark.parametrize(
    ("only", "change", "found"),
    [
        ("mixed", "said['groups'].pop()", "missing ("),
        ("mixed", "said['groups'][0]['files'].pop()", "missing ("),
        ("mixed", "said['groups'][0]['digest'] = '0' * 64", "digest 000"),
        ("usage", "said['total_size_bytes'] += 1", "total_size_bytes"),
        ("usage", "sys.exit(3)", "exit code 3"),
    ],
)
def test_a_wrong_answer_is_caught(home: Path, tmp_path: Path, only: str, change: str, found: str) -> None:
    """One group, one copy, one digest, one byte or an exit code: the end is 1, without any goal."""
    done = bench(home, "--only", only, "--hro", liar(tmp_path, change))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WRONG hro" in done.stdout
    assert found in done.stdout


@pytest.mark.parametrize(("bound", "enforced"), [(0.0001, 1), (10_000, 0)])
def test_a_missed_bound_ends_with_1(home: Path, tmp_path: Path, bound: float, enforced: int) -> None:
    """Where goals are enforced; else it is shown."""
    options = ("--only", "usage", "--goals", goals(tmp_path, bound))
    assert bench(home, *options, "--enforce-goals").returncode == enforced
    shown = bench(home, *options)
    assert shown.returncode == 0
    assert ("MISSED" in shown.stdout) == bool(enforced)


def test_cold_runs_are_measured_and_not_judged(home: Path) -> None:
    """The goals are of warm runs."""
    done = bench(home, "--only", "few-large", "--cold")
    assert (done.returncode, "bound" in done.stdout) == (0, False), done.stderr
    assert bench(home, "--cold", "--enforce-goals").returncode == 2
