"""A journal on a disk that is full to its last block; in a mount namespace of its own, which ends with the test."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import missing

NOT_MOUNTED = 99
PROGRAM = """
import os, sys
from pathlib import Path
from optimizer.host.clock import SystemClock
from optimizer.host.journal import Journal, State
from optimizer.host.journal_file import Claim, JournalError

folder = Path(sys.argv[1])
journal = Journal(folder / "journal.db", SystemClock())
journal.note("job", 0, State.INTENDED)

def fill():
    with open(folder / "filler", "ab", buffering=0) as filler:
        for size in (65536, 4096):
            try:
                while True: filler.write(bytes(size))
            except OSError: pass

def rows(first):
    for number in range(first, first + 1000):
        journal.note("job", number, State.QUARANTINED, padding="x" * 500)
    return number

fill()
try:
    print(rows(1))
except JournalError:
    print("full")
os.truncate(folder / "filler", 0)
with journal.file.session(Claim("job", 1)):
    fill()
    print(rows(2000))
print(journal.verify().broken_at)
"""


def test_a_full_disk_stops_a_journal_without_a_reserve_and_none_with_one(tmp_path: Path) -> None:
    """While a job acts, a thousand rows still find room; the chain is whole, as a row that failed was never there."""
    mount = 'mount -t tmpfs -o size=24m none "$1" || exit 99; exec "$2" -c "$3" "$1"'
    run = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh", tmp_path, sys.executable, PROGRAM],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode == NOT_MOUNTED or run.stderr.startswith("unshare:"):
        missing("the right to make a mount namespace")
    assert (run.stdout.split(), run.stderr) == (["full", "2999", "None"], "")
