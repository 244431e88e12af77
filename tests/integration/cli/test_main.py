"""The command as a process."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: Runs the command, and names on standard error what it imported from outside the standard library and ourselves
WATCHED = """
import sys
from optimizer.cli.main import main
before = set(sys.modules)
code = main(sys.argv[1:])
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(roots - set(sys.stdlib_module_names) - {"optimizer"}), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("verb", ["dupes", "usage"])
def test_local_verbs_need_no_library(tmp_path: Path, verb: str) -> None:
    """`hro dupes` and `hro usage` import nothing but the standard library, and so start at once."""
    (tmp_path / "file").write_text("text")
    command = [sys.executable, "-c", WATCHED, verb, "--json", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.split() == []


def test_a_reader_that_goes_away_is_no_trace(tmp_path: Path) -> None:
    """`hro … | head` ends without a word about the broken pipe."""
    command = f"{sys.executable} -m optimizer.cli.main usage --json {tmp_path} | true"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
