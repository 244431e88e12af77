"""What a command took, as the kernel counts it."""

import sys
from pathlib import Path

import pytest

from benchmarks.figures import Run
from benchmarks.measure import launch

MEBIBYTES = "x = bytearray({} << 20); x[::4096] = b'x' * len(x[::4096])"
#: Some work that takes processor time, and is over once it has taken a tenth of a second of it.
WORK = "import time\nwhile time.process_time() < 0.1: pass"
IN_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}], check=True)"


@pytest.fixture
def took(tmp_path: Path) -> "Took":
    return Took(tmp_path)


class Took:
    def __init__(self, folder: Path) -> None:
        self.output, self.errors = folder / "output", folder / "errors"

    def __call__(self, program: str) -> Run:
        return launch([sys.executable, "-c", program], self.output, self.errors, self.output.parent, quiet=True)


def test_output_and_exit_code_are_kept(took: Took) -> None:
    """Each stream in its file."""
    assert took("import sys; print('said'); sys.exit('failed')").exit_code == 1
    assert (took.output.read_text(), took.errors.read_text()) == ("said\n", "failed\n")


def test_a_signal_is_told(took: Took) -> None:
    """As a negative exit code."""
    assert took("import os; os.kill(os.getpid(), 9)").exit_code == -9


def test_children_s_time_is_counted(took: Took) -> None:
    """A command that lets others work for it takes their time."""
    assert took(IN_A_CHILD.format(WORK)).cpu >= 0.1


def test_the_peak_is_that_of_the_largest_process(took: Took) -> None:
    """A child's too, where it is larger."""
    assert took(MEBIBYTES.format(100)).peak_mb > 100 * 1.048576
    assert took(IN_A_CHILD.format(MEBIBYTES.format(100))).peak_mb > 100 * 1.048576


def test_our_own_memory_is_not_counted(took: Took) -> None:
    """Though this process holds far more when it starts the command."""
    ballast = bytearray(b"x") * (200 << 20)
    assert took("pass").peak_mb < 100
    assert len(ballast) == 200 << 20
