"""A walk keeps to one mount; tried in a mount namespace of its own, which ends with the test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.trees import make

NOT_MOUNTED = 99
PROGRAM = f"""
mount --bind "$1/a" "$1/b" && mount -t tmpfs none "$1/c" && echo content > "$1/c/file" || exit {NOT_MOUNTED}
exec "$2" -m optimizer.cli.main usage --json "$1"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make(tmp_path, {"a/file": b"content", "b/hidden": b"", "c/hidden": b"", "d/file": b""})


def test_other_mounts_are_named_and_not_entered(tree: Path) -> None:
    """Neither another filesystem, nor a bind mount, which has the same device number and would count twice."""
    run = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", PROGRAM, "sh", tree, sys.executable],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode == NOT_MOUNTED or run.stderr.startswith("unshare:"):
        missing("the right to make a mount namespace")
    found = json.loads(run.stdout)
    assert [Path(row["path"]).name for row in found["skipped_mounts"]] == ["b", "c"]
    assert (found["total_files"], found["directories_scanned"]) == (2, 3)


STEPPING_OVER = f"""
mount --bind "$1/a" "$1/b" && mount -t tmpfs none "$1/c" && echo content > "$1/c/file" || exit {NOT_MOUNTED}
exec "$2" -c '
import errno, os, sys
from optimizer.host.beneath import READ, open_beneath, open_stepwise
root = os.open(sys.argv[1], os.O_PATH)
for way in open_beneath, open_stepwise:
    for path in b"a/file", b"b/file", b"c/file", b"b", b"c":
        try:
            os.close(way(root, path, READ, one_mount=True)); print("opened")
        except OSError as error:
            print(errno.errorcode[error.errno])
' "$1"
"""


def test_a_change_never_steps_over_into_another_mount(tree: Path) -> None:
    """Whether the kernel has openat2 or not."""
    run = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", STEPPING_OVER, "sh", tree, sys.executable],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode == NOT_MOUNTED or run.stderr.startswith("unshare:"):
        missing("the right to make a mount namespace")
    assert (run.stdout.split(), run.stderr) == (["opened", *["EXDEV"] * 4] * 2, "")
