"""What is told of a manager that clears its cache, fails, hangs or is killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from optimizer.errors import CancelledError
from optimizer.host.journal import State
from tests.clearing import Host
from tests.fakes.job import Listening

ROOT = Path(__file__).parents[3]


def test_a_manager_that_fails_is_a_failure(demo: Callable[..., Host]) -> None:
    """With its last words, without a password, and with what it did free."""
    host = demo('rm "$0/a"; echo "cannot reach https://me:secret@example.org/x"; exit 5')
    report = host.clear()[1]
    outcome = report.result["outcomes"][0]
    assert (outcome["status"], outcome["code"]) == ("failed", "failed")
    assert outcome["reason"] == "sh ended with exit code 5. cannot reach https://***@example.org/x"
    assert report.result["proof"]["accounted_bytes"] == 20_480
    assert report.result["caches_cleaned"] == 0


def test_a_manager_that_hangs_is_stopped(demo: Callable[..., Host]) -> None:
    """With what it has started, after the time that its rule gives it."""
    host = demo('sleep 300 & echo $! > "$0/pid"; wait', seconds=1)
    outcome = host.clear()[1].result["outcomes"][0]
    assert (outcome["status"], outcome["reason"]) == ("failed", "sh was stopped after 1 seconds.")
    assert is_gone(int((host.folder / "pid").read_text()))


class CancelledOnce(Listening):
    """Cancels when the manager has begun."""

    def __init__(self, begun: Path) -> None:
        super().__init__()
        self.begun = begun

    def report(self, **counts: int | str) -> None:
        super().report(**counts)
        if self.begun.exists() and self.begun.read_text():
            raise CancelledError


def test_a_cancelled_job_stops_the_manager(demo: Callable[..., Host]) -> None:
    """The job ends as cancelled; the journal knows what was freed by then."""
    host = demo('rm "$0/a"; sleep 300 & echo $! > "$0/pid"; wait')
    with pytest.raises(CancelledError):
        host.clear(CancelledOnce(host.folder / "pid"))
    assert is_gone(int((host.folder / "pid").read_text()))
    (entry,) = host.journal.in_state(State.DONE)
    assert entry.facts["freed_bytes"] == 20_480 - 4096  # less what its own file takes


def is_gone(pid: int) -> bool:
    """Of a process that was killed a moment ago, and whose new parent may not have noticed yet."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


KILLED = """
import sys; from pathlib import Path; from tests.clearing import *
from optimizer.host.files import ScanRoots; from optimizer.storage.clean.rule import Catalogue
host = Host.__new__(Host); folder = Path(sys.argv[1]); host.top = folder / "host"; host.home = host.top / "home"
host.rule = a_rule('echo up > "$0/begun"; sleep 1; rm "$0/a"')
host.catalogue = Catalogue({"demo": host.rule}); host.roots = ScanRoots([host.top], setting="HRO_ROOTS")
host.journal = Journal(folder / "journal.db", SystemClock())
host.clear()
"""


def test_after_a_crash_it_may_have_run(demo: Callable[..., Host], tmp_path: Path) -> None:
    """Nobody knows whether it came to its end; it is told as done, in doubt, and the next run does no harm."""
    host = demo()
    with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], cwd=ROOT) as killed:
        while not (host.folder / "begun").exists():
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
    (entry,) = host.journal.in_state(State.INTENDED)
    host.clear(allow_irreversible=False)  # does nothing; a changing job finishes what a dead one left, in its roots
    host.clear()
    known = host.journal.entry(entry.optimization_id, entry.number)
    assert known is not None
    assert (known.state, known.facts["in_doubt"]) == (State.DONE, True)


@pytest.mark.parametrize(
    ("script", "freed_bytes"),
    [
        ('rm -rf -- "$0"', 40_960),
        ('rm -rf -- "$0"; ln -s /usr "$0"', 0),  # what is behind it tells nothing of what was there
        ('mv -- "$0/a" "$0.a"; rm -rf -- "$0"; mv -- "$0.a" "$0"', 20_480),
    ],
)
def test_a_manager_that_deletes_its_folder_is_done(demo: Callable[..., Host], script: str, freed_bytes: int) -> None:
    """It is told as what it is, in the receipt and in the journal, and not as a folder that could not be found."""
    host = demo(script)
    job, report = host.clear()
    outcome = report.result["outcomes"][0]
    assert (outcome["status"], outcome["measured"].get("freed_bytes")) == ("done", freed_bytes), outcome
    (entry,) = host.journal.of_job(job.optimization_id)
    assert (entry.state, entry.facts["freed_bytes"]) == (State.DONE, freed_bytes)


def test_systemd_27401_a_manager_that_frees_nothing_had_no_effect(demo: Callable[..., Host]) -> None:
    """It is told as it is, whatever was claimed."""
    report = demo("true").clear()[1]
    assert report.result["outcomes"][0]["measured"] == {"type": "clear", "freed_bytes": 0}
    assert (report.result["verdict"], report.result["space_freed_bytes"]) == ("no_effect", 0)


def test_a_manager_that_fills_its_cache_has_freed_nothing(demo: Callable[..., Host]) -> None:
    """Less than nothing is not told as something."""
    report = demo('head -c 100000 /dev/zero > "$0/more"').clear()[1]
    assert report.result["outcomes"][0]["measured"]["freed_bytes"] == 0


def test_conda_16614_a_file_that_has_another_name_elsewhere_frees_nothing(demo: Callable[..., Host]) -> None:
    """As a package of conda's that an environment links to: the manager decides, the disk counts."""
    host = demo()
    (host.home / "environment").mkdir()
    os.link(host.folder / "a", host.home / "environment/a")
    os.link(host.folder / "b", host.folder / "b2")  # both names are inside
    report = host.clear()[1]
    assert report.plan is not None
    assert report.plan.actions[0].claimed_bytes == 20_480
    assert report.result["outcomes"][0]["measured"]["freed_bytes"] == 20_480
    assert (host.home / "environment/a").exists()
