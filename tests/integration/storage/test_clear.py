"""Caches cleared by their managers: by the real ones, with consent, and only where that is allowed."""

import os
import pwd
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from optimizer.errors import NothingInQuarantineError
from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.plans import Plan
from optimizer.runner import run
from optimizer.storage.clean.rule import Catalogue
from optimizer.storage.keep import Keep
from optimizer.storage.reclaim import undo
from tests.clearing import SHIPPED, Host, a_rule, left, with_program
from tests.conftest import missing
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job


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
