"""The rule by which missing packages are installed, tried on a machine of fakes."""

import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from optimizer.cli import provision
from tests.conftest import missing
from tests.fakes import debian

NOBODY = 65534
#: One that every user of the machine may run
PYTHON = next(path for path in ("/usr/bin/python3", sys.executable) if Path(path).exists())
IS_ROOT = os.geteuid() == 0
#: Makes an ordinary user root, of a namespace of their own
AS_ROOT = [shutil.which("unshare") or "unshare", "--map-root-user"]


@dataclass(frozen=True)
class FakeMachine:
    home: Path

    @property
    def policy(self) -> Path:
        return self.home / "root/usr/sbin/policy-rc.d"

    def run(self, *arguments: str, as_root: bool = True, stdin: int = subprocess.DEVNULL) -> "Done":
        """provision.py with only the fakes on PATH."""
        change_user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        done = subprocess.run(
            [
                *(AS_ROOT if as_root and not IS_ROOT else []),
                *(PYTHON, "-I", str(self.home / "provision.py"), "--root", str(self.home / "root"), *arguments),
            ],
            env={"PATH": str(self.home / "bin")},
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            **(change_user if IS_ROOT and not as_root else {}),
        )
        calls = self.home / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return Done(done.returncode, done.stderr, [json.loads(line) for line in lines])

    def add(self, *files: str, text: str = "") -> None:
        for file in files:
            path = self.home / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def without(self, *programs: str) -> None:
        for program in programs:
            (self.home / "bin" / program).unlink()


@dataclass(frozen=True)
class Done:
    code: int
    said: str
    calls: Sequence[dict[str, list[str]]]

    def called(self, program: str) -> list[str]:
        """What a program was called with, without apt-get's options."""
        found = [call["call"][1:] for call in self.calls if call["call"][0] == program]
        return [" ".join(part for part in call if not part.startswith(("-q", "-o", "DP", "Dp"))) for call in found]


@pytest.fixture
def machine() -> Iterator[FakeMachine]:
    """Debian without Redis and RabbitMQ, with package lists, not booted with systemd."""
    if not IS_ROOT and subprocess.run([*AS_ROOT, "true"], capture_output=True, check=False).returncode != 0:
        missing("the right to make a user namespace")
    home = Path(tempfile.mkdtemp(prefix="hro-provision-"))  # pytest's own folder is closed to nobody
    shutil.copy(provision.__file__, home)
    (home / "bin").mkdir()
    for name in debian.NAMES:
        fake = home / "bin" / name
        fake.write_text(f"#!{PYTHON} -I\n" + Path(debian.__file__).read_text())
        fake.chmod(0o755)
    (home / "bin/env").symlink_to("/usr/bin/env")
    machine = FakeMachine(home)
    machine.add("root/var/lib/apt/lists/mirror_main_Packages", "root/usr/sbin/.keep")
    machine.add("calls")
    if IS_ROOT:
        for path in [home, *home.rglob("*")]:
            os.lchown(path, NOBODY, NOBODY)  # its fakes write there as well
    yield machine
    shutil.rmtree(home)


def test_nothing_is_done_where_nothing_is_missing(machine: FakeMachine) -> None:
    """On a machine that has what is needed, nothing is said and nothing is run."""
    machine.run("redis-server")
    (machine.home / "calls").write_text("")
    again = machine.run("redis-server")
    assert (again.code, again.said, again.calls) == (0, "", [])


def test_root_installs_what_is_missing_after_saying_so(machine: FakeMachine) -> None:
    """As root a missing package is announced with its purpose, and installed at once."""
    done = machine.run("redis-server", "rabbitmq-server")
    assert done.code == 0
    assert done.called("apt-get") == ["install -y --no-install-recommends redis-server rabbitmq-server"]
    announced = done.said.partition("+ env")[0]
    assert "redis-server     queue and store" in announced
    assert "rabbitmq-server  takes the events" in announced


def test_only_the_missing_package_is_installed(machine: FakeMachine) -> None:
    """A package that is there already is not touched."""
    machine.run("redis-server")
    assert "redis-server" not in machine.run("redis-server", "rabbitmq-server").called("apt-get")[-1].split()


def test_new_services_are_denied_a_start_and_no_others(machine: FakeMachine) -> None:
    """While it installs, policy-rc.d denies the start of the new services alone; afterwards it is gone."""
    install = machine.run("redis-server", "rabbitmq-server").calls[0]
    assert install["denied"] == ["redis-server", "redis-server.service", "rabbitmq-server", "epmd.socket"]
    assert not machine.policy.exists()


def test_new_services_are_disabled(machine: FakeMachine) -> None:
    """What the packages enabled is disabled, for systemd and for SysV's scripts."""
    done = machine.run("redis-server", "rabbitmq-server")
    units = "redis-server.service rabbitmq-server.service epmd.socket epmd.service"
    assert done.called("systemctl") == [f"disable {units}"]
    assert done.called("update-rc.d") == ["redis-server disable", "rabbitmq-server disable"]


def test_under_systemd_new_services_are_stopped_too(machine: FakeMachine) -> None:
    """Where systemd runs, it is told to stop the new services as well, should one have been started."""
    (machine.home / "root/run/systemd/system").mkdir(parents=True)
    done = machine.run("redis-server")
    assert done.called("systemctl") == ["disable --now redis-server.service"]
    assert done.called("update-rc.d") == []


def test_a_service_that_was_there_is_left_alone(machine: FakeMachine) -> None:
    """An epmd that was installed before keeps its units as they are."""
    machine.add("root/lib/systemd/system/epmd.socket", "root/lib/systemd/system/epmd.service")
    done = machine.run("rabbitmq-server")
    assert done.called("systemctl") == ["disable rabbitmq-server.service"]
    assert done.calls[0]["denied"] == ["rabbitmq-server"]


def test_a_policy_of_somebody_else_is_kept(machine: FakeMachine) -> None:
    """A policy-rc.d that was there before is the same afterwards."""
    machine.add("root/usr/sbin/policy-rc.d", text="#!/bin/sh\nexit 101\n")
    machine.policy.chmod(0o755)
    assert machine.run("redis-server").code == 0
    assert machine.policy.read_text() == "#!/bin/sh\nexit 101\n"


def test_a_policy_left_by_a_killed_run_is_harmless_and_cleared(machine: FakeMachine) -> None:
    """What a killed run left behind denies nothing, and the next run takes it away."""
    gone = subprocess.run(["/bin/sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    left = provision._policy(["redis-server.service"]).replace(f"kill -0 {os.getpid()} ", f"kill -0 {gone} ")
    machine.add("root/usr/sbin/policy-rc.d", text=left)
    machine.policy.chmod(0o755)
    assert subprocess.run([machine.policy, "redis-server", "start"], check=False).returncode == 0
    assert machine.run("redis-server").code == 0
    assert not machine.policy.exists()


def test_missing_lists_are_fetched_first(machine: FakeMachine) -> None:
    """Without package lists, as in a fresh container, they are fetched before the installation."""
    (machine.home / "root/var/lib/apt/lists/mirror_main_Packages").unlink()
    called = machine.run("redis-server").called("apt-get")
    assert [call.split()[0] for call in called] == ["update", "install"]


def test_stale_lists_are_fetched_anew(machine: FakeMachine) -> None:
    """An installation that fails is tried again with fresh lists."""
    machine.add("stale")
    done = machine.run("redis-server")
    assert [call.split()[0] for call in done.called("apt-get")] == ["install", "update", "install"]
    assert done.code == 0


def test_a_failed_installation_is_told_and_leaves_no_policy(machine: FakeMachine) -> None:
    """Where apt-get fails, its own words are shown, the exit code is 1 and policy-rc.d is gone."""
    machine.add("broken")
    done = machine.run("redis-server")
    assert done.code == 1
    assert "E: no such package" in done.said
    assert "hro: apt-get could not install redis-server" in done.said
    assert not machine.policy.exists()


def test_without_apt_get_the_error_says_so(machine: FakeMachine) -> None:
    """On a system of another kind the error says what to install, and that it is up to the user."""
    machine.without("apt-get")
    done = machine.run("redis-server")
    assert done.code == 1
    assert "redis-server     queue and store" in done.said
    assert "hro: There is no apt-get here." in done.said


def test_a_user_who_is_not_asked_is_told_the_command(machine: FakeMachine) -> None:
    """Without a terminal and without --yes nothing is installed, and the error names the command."""
    done = machine.run("redis-server", as_root=False)
    assert (done.code, done.calls) == (1, [])
    assert f"hro: Say YES=1 to make, or run: sudo {PYTHON}" in done.said
    assert done.said.strip().endswith(f"{machine.home}/provision.py redis-server")


def test_a_user_without_sudo_is_told_the_command(machine: FakeMachine) -> None:
    """Where there is no sudo, --yes cannot help, and the error names what root is to run."""
    machine.without("sudo")
    done = machine.run("redis-server", "--yes", as_root=False)
    assert done.code == 1
    assert "hro: There is no sudo here. As root, run: " in done.said


@pytest.mark.parametrize(("answer", "installs"), [("y\n", True), ("yes\n", True), ("\n", False), ("n\n", False)])
def test_a_user_is_asked_at_the_terminal(machine: FakeMachine, answer: str, *, installs: bool) -> None:
    """At a terminal sudo is used after a yes, and not after anything else."""
    terminal, side = pty.openpty()
    os.write(terminal, answer.encode())
    done = machine.run("redis-server", as_root=False, stdin=side)
    os.close(terminal)
    os.close(side)
    assert "Install with apt-get, through sudo? [y/N]" in done.said
    assert (done.code == 0) is installs
    assert len(done.called("sudo")) == installs


def test_yes_uses_sudo_without_asking(machine: FakeMachine) -> None:
    """With --yes this same script is run once more through sudo, for the missing packages alone."""
    done = machine.run("redis-server", "--yes", as_root=False)
    assert done.code == 0
    assert "[y/N]" not in done.said
    assert done.called("sudo") == [f"-- {PYTHON} -I {machine.home}/provision.py redis-server --announced"]


def test_what_was_announced_is_not_announced_again(machine: FakeMachine) -> None:
    """The run through sudo does not repeat what the user has read already."""
    done = machine.run("redis-server", "--announced")
    assert done.code == 0
    assert "Missing on this machine" not in done.said
