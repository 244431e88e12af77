"""Caches cleared by their own managers: when, as whom, where, and what is told of it."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import CancelledError, NothingInQuarantineError
from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal, State
from optimizer.jobs import Job
from optimizer.options import CacheOptions
from optimizer.plans import Plan
from optimizer.runner import Report, run
from optimizer.storage.clean.load import load_rules
from optimizer.storage.clean.plan import plan_clean
from optimizer.storage.clean.rule import Catalogue, Rule
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.reclaim import Part, apply_plan, reclaim, undo
from tests.conftest import missing
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.rule_trees import Place

SHIPPED = load_rules(None)
ROOT = Path(__file__).parents[3]


class Host(Place):
    """A place with a journal, whose jobs clear its cache."""

    def __init__(self, folder: Path, rule: Rule) -> None:
        super().__init__(folder / "host", rule)
        self.journal = Journal(folder / "journal.db", SystemClock())

    @property
    def hands(self) -> Hands:
        return Hands(self.roots, self.journal, catalogue=self.catalogue)

    @property
    def part(self) -> Part[Any, Any]:
        return Part(
            options=CacheOptions,
            look=lambda _options, _progress: self.look(SystemClock()),
            plan=plan_clean,
        )

    def clear(self, progress: Listening | None = None, **options: Any) -> tuple[Job, Report]:
        job = new_job("optimize_cache", **{"allow_irreversible": True, **options})
        return job, run(job, reclaim([self.part], self.hands), progress or Listening(), SystemClock())

    def plan(self, **options: Any) -> Plan:
        report = self.clear(dry_run=True, **options)[1]
        assert report.plan is not None
        return report.plan

    def apply(self, plan: Plan) -> dict[str, Any]:
        job = new_job("apply_plan", optimization_id="dry run", digest=plan.digest)
        return dict(run(job, apply_plan(self.hands, lambda _id: plan), Listening(), SystemClock()).result)


def a_rule(script: str = 'rm -rf -- "$0"/*', **facts: Any) -> Rule:
    """A manager of our own, whose cache is the folder cache of the home."""
    command = {"argv": ("sh", "-c", script, "{folder}"), **facts}
    return Rule.model_validate(
        {
            "name": "demo",
            "title": "Things",
            "refills": "they come again",
            "documentation": "none",
            "folders": ("~/cache",),
            "files": ("*",),
            "command": command,
        }
    )


@pytest.fixture
def demo(tmp_path: Path) -> Callable[..., Host]:
    """A host with such a cache of two files, 40 KiB on disk."""

    def make(script: str = 'rm -rf -- "$0"/*', **facts: Any) -> Host:
        host = Host(tmp_path, a_rule(script, **facts))
        host.folder.mkdir()
        (host.folder / "a").write_bytes(b"x" * 20_000)
        (host.folder / "b").write_bytes(b"x" * 20_000)
        return host

    return make


def left(files: list[Path]) -> list[Path]:
    return [file for file in files if file.exists()]


# --- the real managers, over the trees of their rules --------------------------------------------------------------


def test_apt_clears_its_own(tmp_path: Path) -> None:
    """The real apt-get, told to work in this folder alone; its lock and all that is not its own stay."""
    if not shutil.which("apt-get"):
        missing("apt-get")
    host = Host(tmp_path, SHIPPED["apt"])
    files, kept = host.build("clean"), host.build("keep")
    (host.top / "var/lib/dpkg").mkdir(parents=True)
    result = host.clear()[1].result
    assert result["outcomes"][0]["status"] == "done", result
    assert (left(files), left(kept)) == ([], kept)
    assert result["outcomes"][0]["measured"]["freed_bytes"] == 92 * 1024
    assert result["proof"]["accounted_bytes"] == 92 * 1024
    assert result["caches_cleaned"] == 1
    assert "apt downloads a package again" in result["actions_taken"][0]


def test_pip_clears_its_own(tmp_path: Path) -> None:
    """The real pip of this interpreter."""
    host = Host(tmp_path, with_program(SHIPPED["pip"], Path(sys.executable).with_name("pip")))
    files, kept = host.build("clean"), host.build("keep")
    result = host.clear()[1].result
    assert result["outcomes"][0]["status"] == "done", result
    # before 23.3, pip does not know the folder http-v2 of later ones; what it leaves is not counted
    gone = [file for file in files if not file.exists()]
    assert {file.relative_to(host.folder).parts[0] for file in gone} >= {"http", "wheels"}
    assert result["outcomes"][0]["measured"]["freed_bytes"] in (52 * 1024, 132 * 1024)
    assert left(kept) == kept


def test_npm_keeps_what_the_next_install_needs(tmp_path: Path) -> None:
    """The real npm deletes what nothing refers to, and what it knows is there afterwards, to the last byte."""
    npm = shutil.which("npm", path="/usr/local/bin:/usr/bin:/bin")
    if not npm:
        missing("npm")
        return
    host = Host(tmp_path, with_program(SHIPPED["npm"], Path(npm)))
    host.folder.mkdir(parents=True)
    package = tmp_path / "demo-1.0.0.tgz"
    (tmp_path / "package.json").write_text('{"name": "demo", "version": "1.0.0"}')
    with tarfile.open(package, "w:gz") as archive:
        archive.add(tmp_path / "package.json", "package/package.json")
    subprocess.run(
        [npm, "cache", "add", package, f"--cache={host.folder.parent}", "--offline"],
        check=True, capture_output=True, env={"PATH": os.defpath, "HOME": str(tmp_path)},
    )  # fmt: skip
    known = {path: path.read_bytes() for path in host.folder.rglob("*") if path.is_file()}
    assert known
    files, kept = host.build("clean"), host.build("keep")
    result = host.clear()[1].result
    assert result["outcomes"][0]["status"] == "done", result
    assert (left(files), left(kept)) == ([], kept)
    content = {path: text for path, text in known.items() if "content-v2" in path.parts}
    assert content
    assert {path: path.read_bytes() for path in content} == content
    assert 0 < result["outcomes"][0]["measured"]["freed_bytes"] <= 48 * 1024


def with_program(rule: Rule, program: Path) -> Rule:
    """The same with another program; and whoever else installs something on this machine meanwhile does not matter."""
    assert rule.command is not None
    command = rule.command.model_copy(update={"argv": (str(program), *rule.command.argv[1:]), "users": ()})
    return rule.model_copy(update={"command": command})


# --- consent ---------------------------------------------------------------------------------------------------------


def test_what_cannot_be_undone_needs_to_be_allowed(demo: Callable[..., Host]) -> None:
    """Without, the plan says what it would be, and how much."""
    host = demo()
    job, report = host.clear(allow_irreversible=False)
    assert report.plan is not None
    assert report.plan.actions == ()
    assert "0.04 MiB" in report.plan.notes[0]
    assert "allow_irreversible" in report.plan.notes[0]
    assert len(list(host.folder.iterdir())) == 2
    job, report = host.clear()
    assert (list(host.folder.iterdir()), report.result["proof"]["accounted_bytes"]) == ([], 40_960)
    with pytest.raises(NothingInQuarantineError):
        run(new_job("undo", optimization_id=job.optimization_id), undo(host.hands), Listening(), SystemClock())


def test_a_dry_run_shows_the_command_and_does_not_run_it(demo: Callable[..., Host]) -> None:
    """Word for word; applied, it is that one."""
    host = demo()
    plan = host.plan()
    assert plan.actions[0].target["command"] == ["sh", "-c", 'rm -rf -- "$0"/*', str(host.folder)]
    assert (plan.actions[0].claimed_bytes, len(list(host.folder.iterdir()))) == (40_960, 2)
    result = host.apply(plan)
    assert (result["outcomes"][0]["status"], list(host.folder.iterdir())) == ("done", [])


def test_a_command_that_stands_in_a_plan_alone_is_never_run(demo: Callable[..., Host], tmp_path: Path) -> None:
    """A plan comes from the store; what may be run stands in this host's own files."""
    host = demo()
    plan = host.plan()
    target = {**plan.actions[0].target, "command": ["touch", str(tmp_path / "run")]}
    for changed in (target, {**plan.actions[0].target, "rule": "other"}):
        forged = Plan(actions=(plan.actions[0].model_copy(update={"target": changed}),))
        assert host.apply(forged)["outcomes"][0]["code"] == "stale"
    assert len(list(host.folder.iterdir())) == 2
    assert not (tmp_path / "run").exists()


# --- in use ----------------------------------------------------------------------------------------------------------

HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(60)
"""


def test_yarn_3381_pip_12361_a_manager_at_work_is_left_alone(demo: Callable[..., Host], tmp_path: Path) -> None:
    """Who holds its lock is named in the plan; one that takes it after the plan is seen too."""
    host = demo(locks=("{folder}/lock",))
    plan = host.plan()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, host.folder / "lock"], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        refused = host.plan()
        outcome = host.apply(plan)["outcomes"][0]
        holder.send_signal(signal.SIGKILL)
    assert refused.actions == ()
    assert f"(process {holder.pid}) has a lock on {host.folder / 'lock'}" in refused.notes[0]
    assert (outcome["code"], f"process {holder.pid}" in outcome["reason"]) == ("unavailable", True)
    assert len(list(host.folder.iterdir())) == 3
    assert host.clear()[1].result["outcomes"][0]["status"] == "done"


def test_npm_1484_a_cache_that_a_process_has_open_is_left_alone(demo: Callable[..., Host]) -> None:
    """As an install has, of a manager without a lock."""
    host = demo()
    with subprocess.Popen(["tail", "-f", host.folder / "a"], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        user.stdout.read(1)
        refused = host.plan()
        user.send_signal(signal.SIGKILL)
    assert f"tail (process {user.pid}) has a file in it open." in refused.notes[0]
    assert refused.actions == ()


def test_npm_1484_pip_12361_a_program_that_uses_the_cache_keeps_it(demo: Callable[..., Host], tmp_path: Path) -> None:
    """By its name, wherever in its command line that is."""
    host = demo(users=("demo-install",))
    (tmp_path / "demo-install").write_text("import time; print('up', flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-u", tmp_path / "demo-install"], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        user.stdout.readline()
        refused = host.plan()
        user.send_signal(signal.SIGKILL)
    assert f"(process {user.pid}) is at work, and may be using it." in refused.notes[0]


# --- where -----------------------------------------------------------------------------------------------------------


def test_outside_the_roots_nothing_is_run(demo: Callable[..., Host]) -> None:
    """Neither planned, nor run where the folder has left HRO_ROOTS since the plan. The note says which one it is."""
    host = demo()
    plan = host.plan()
    (host.home / "other").mkdir()
    host.roots = ScanRoots([host.home / "other"], setting="HRO_ROOTS")
    refused = host.plan()
    told = f"demo: {host.folder} is not inside HRO_ROOTS. Name it there to have it cleared."
    assert (refused.actions, refused.notes) == ((), (told,))
    assert host.apply(plan)["outcomes"][0]["status"] == "skipped"
    assert len(list(host.folder.iterdir())) == 2


@pytest.mark.parametrize("glob", ["*/cache", "*/cache/b"])
def test_a_cache_that_the_administrator_keeps_is_left_alone(demo: Callable[..., Host], glob: str) -> None:
    """Whether the folder is named or a file in it: its manager knows of neither."""
    host = demo()
    host.catalogue = Catalogue(host.catalogue.rules, Keep((glob,)))
    refused = host.plan()
    assert refused.actions == ()
    assert f"as {glob}." in refused.notes[0]


@pytest.mark.parametrize(
    "what", ["another folder", "a link", "a link inside", "a file to be kept", "a folder to be kept"]
)
def test_what_has_changed_since_the_plan_is_left_alone(demo: Callable[..., Host], tmp_path: Path, what: str) -> None:
    """The folder is looked at once more, right before its manager is started."""
    host = demo()
    plan = host.plan()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("content")
    if what in ("another folder", "a link"):
        shutil.move(host.folder, tmp_path / "moved")
    if what == "another folder":
        shutil.copytree(precious, host.folder)
    elif what == "a link":
        host.folder.symlink_to(precious)
    elif what == "a link inside":
        (host.folder / "link").symlink_to(precious)
    else:
        glob = "*/cache/b" if what == "a file to be kept" else "*/cache"
        host.catalogue = Catalogue(host.catalogue.rules, Keep((glob,)))
    outcome = host.apply(plan)["outcomes"][0]
    assert outcome["status"] == "skipped", outcome
    assert outcome["reason"]
    assert (precious / "file").exists()
    assert len(list(host.folder.iterdir())) >= 1
    assert host.journal.of_job("dry run") == []


# --- as whom ---------------------------------------------------------------------------------------------------------


def test_a_command_runs_as_the_owner_of_its_cache(demo: Callable[..., Host], tmp_path: Path) -> None:
    """With that user's home and groups, and nothing of our environment; never as root in a folder of somebody else."""
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    host = demo('{ id -u; id -G; env; } > "$0/told"; exit 3')
    if os.geteuid() == 0:
        os.chown(host.folder, owner.pw_uid, owner.pw_gid)
        for parent in (host.home, host.top, tmp_path, *tmp_path.parents[:2]):
            parent.chmod(0o755)  # the way there
    assert host.clear()[1].result["outcomes"][0]["status"] == "failed"
    uid, groups, *environment = (host.folder / "told").read_text().splitlines()
    assert int(uid) == owner.pw_uid
    assert os.geteuid() != 0 or groups.split() == [str(owner.pw_gid)]
    assert f"HOME={owner.pw_dir}" in environment
    names = {line.partition("=")[0] for line in environment}
    assert names <= {"PATH", "HOME", "USER", "LOGNAME", "LC_ALL", "DEBIAN_FRONTEND", "PWD", "SHLVL", "_", "OLDPWD"}


def test_where_others_could_swap_the_folder_root_runs_nothing(demo: Callable[..., Host]) -> None:
    """Between the look and the command somebody could put a link there. Others risk only what is their own anyway."""
    host = demo()
    host.home.chmod(0o777)
    refused = host.plan()
    if os.geteuid() == 0:
        assert f"Others than root can write to {host.home}" in refused.notes[0]
    assert len(refused.actions) == (os.geteuid() != 0)


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    """In the plan, not by a job that fails later."""
    host = Host(tmp_path, with_program(a_rule(), Path("no-such-program")))
    host.folder.mkdir()
    (host.folder / "a").write_text("content")
    plan = host.plan()
    assert plan.actions == ()
    assert "There is no no-such-program in /usr/local/sbin:" in plan.notes[0]


# --- what is told ----------------------------------------------------------------------------------------------------


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
import sys; from pathlib import Path; from tests.integration.storage.test_clear import *
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
