"""Somebody who may write inside a root swaps a folder for a link to the outside, again and again."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal
from optimizer.plans import Action, OutcomeStatus, Plan
from optimizer.storage.hands import Hands
from optimizer.storage.types import QUARANTINE
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job

#: Enough for hundreds of swaps at the worst moments
TRIES = 3000

SWAP = """
import os, sys
folder, aside, outside = sys.argv[1:]
print("go", flush=True)
while True:
    os.rename(folder, aside); os.symlink(outside, folder); os.unlink(folder); os.rename(aside, folder)
"""


def planned(root: Path, folder_fd: int, number: int) -> Action:
    """The action for a fresh victim in the true folder, wherever that is called at this moment."""
    with os.fdopen(os.open("victim", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, dir_fd=folder_fd), "w") as file:
        file.write("inside")
    status = os.stat("victim", dir_fd=folder_fd)
    return Action(
        number=number,
        type=QUARANTINE,
        target={"root": {"path": str(root)}, "path": str(root / "folder" / "victim")},
        relied_on={
            "device": status.st_dev,
            "inode": status.st_ino,
            "size": status.st_size,
            "mtime_ns": status.st_mtime_ns,
            "ctime_ns": status.st_ctime_ns,
            "not_read_since_ns": 2**62,
        },
        reversible=True,
        reason="old",
    )


def attack(tmp_path: Path, tries: int) -> Counter[str]:
    """How the tries ended."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "folder").mkdir(parents=True)
    outside.mkdir()
    (outside / "victim").write_text("outside")
    folder_fd = os.open(root / "folder", os.O_RDONLY | os.O_DIRECTORY)
    hands = Hands(ScanRoots([root], setting="HRO_ROOTS"), Journal(tmp_path / "journal.db", SystemClock()))
    plan = Plan(actions=(planned(root, folder_fd, 0),))
    ended: Counter[str] = Counter()
    arguments = [sys.executable, "-c", SWAP, str(root / "folder"), str(root / "aside"), str(outside)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as attacker, hands.hold(new_job(), plan, 1):
        assert attacker.stdout is not None
        attacker.stdout.readline()
        for number in range(tries):
            outcome = hands.apply(planned(root, folder_fd, number), Listening())
            ended["done" if outcome.status is OutcomeStatus.DONE else outcome.reason.rpartition("/")[2]] += 1
            assert (outside / "victim").read_text() == "outside"
        assert attacker.poll() is None
        attacker.kill()
    os.close(folder_fd)
    return ended


def test_nothing_outside_the_root_is_touched(tmp_path: Path) -> None:
    """Some tries find the folder and move the file inside; all others are refused."""
    ended = attack(tmp_path, TRIES)
    assert 0 < ended["done"] < ended.total(), ended
