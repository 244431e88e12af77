"""The rule for systemd's journal beside a real journald, in a mount namespace of its own, which ends with the test."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal
from optimizer.options import LogsOptions
from optimizer.runner import run
from optimizer.storage.clean.analyze import Cleaning
from optimizer.storage.clean.load import load_rules
from optimizer.storage.clean.plan import plan_clean
from optimizer.storage.clean.rule import Catalogue
from optimizer.storage.hands import Hands
from optimizer.storage.reclaim import Part, reclaim, undo
from tests.conftest import missing
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job

ROOT = Path(__file__).parents[3]
JOURNALD = Path("/usr/lib/systemd/systemd-journald")
#: With mounts and processes of its own, which end with it
ALONE = ("unshare", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
#: What the namespace is left with where it cannot be made
NOT_MADE = 99
NAMESPACE = f"""
mount -t tmpfs none /run && mkdir -p /run/log /run/systemd /var/log/journal "$1/journal/$(cat /etc/machine-id)" &&
  mount --bind "$1/journal" /var/log/journal || exit {NOT_MADE}
{JOURNALD} > "$1/told" 2>&1 & journald=$!
until journalctl --flush; do sleep 0.1; done 2> /dev/null
write() {{ echo "$1" | systemd-cat -t demo && journalctl --sync; }}
write old && journalctl --rotate
# It closes a journal in a thread, and may let go of it only at the next rotation; it is changed until it is on disk
old=$(ls /var/log/journal/*/system@*)
until ! readlink /proc/$journald/fd/* | grep -q "$old"; do sleep 0.2; journalctl --rotate; done
write new && sync -f /var/log/journal
show() {{ echo "$1: $(journalctl --quiet -t demo -o cat | xargs)"; }}
show before
"$2" -m tests.integration.storage.test_journald "$1" && show after
journalctl --rotate && write newer && show later
"$2" -m tests.integration.storage.test_journald "$1" undo && show undone
kill $journald
"""


class InAMonth(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(days=30)


def act(folder: Path, what: str = "") -> None:
    """Quarantine what was closed a week ago, or bring it back."""
    roots = ScanRoots(["/var/log/journal"], setting="HRO_ROOTS")
    hands = Hands(roots, Journal(folder / "journal.db", SystemClock()))
    cleaning = Cleaning(catalogue=Catalogue(load_rules(None)), roots=roots, clock=InAMonth())
    handler = reclaim([Part(options=LogsOptions, look=cleaning.logs, plan=plan_clean)], hands)
    job = new_job("optimize_logs").model_copy(update={"optimization_id": "the-job"})
    if what == "undo":
        handler, job = undo(hands), new_job("undo", optimization_id="the-job")
    result = run(job, handler, Listening(), SystemClock()).result
    if not result["files_quarantined"] + result["files_restored"]:
        sys.exit(str(result["outcomes"]))


@pytest.fixture
def told(tmp_path: Path) -> list[str]:
    if not JOURNALD.exists():
        missing("systemd-journald")
    made = subprocess.run(
        [*ALONE, "sh", "-c", NAMESPACE, "sh", tmp_path, sys.executable],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    if made.returncode == NOT_MADE or made.stderr.startswith("unshare:"):
        missing("the right to make a mount namespace")
    return made.stdout.splitlines()


def test_systemd_1017_11113_a_closed_journal_goes_and_comes_back(told: list[str]) -> None:
    """The entries of the journal that is written to stay, journald goes on, and undo brings the old ones back.

    This is what its own vacuum does not do: after --rotate it deletes the newest entries as well.
    """
    assert told == ["before: old new", "after: new", "later: new newer", "undone: old new newer"]


if __name__ == "__main__":
    act(Path(sys.argv[1]), *sys.argv[2:])
