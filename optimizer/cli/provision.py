"""Installs the few Debian packages that the product's commands cannot do without, by one rule.

It is a plain script of the standard library alone, because it runs before there is a .venv:

    python3 optimizer/cli/provision.py [--yes] NEED...

What is missing is announced, and installed with apt-get: at once by root, else through sudo after a yes at the
prompt or with --yes, else the error names the command to run. The servers among the packages are for private use:
none is started, and none is left enabled. What was installed before is left as it is.
"""

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

#: Its presence in a policy-rc.d says that the file is ours.
MARK = "# Put here by provision.py of hardware-resource-optimizer"


class ProvisionError(Exception):
    """Something is missing and could not be installed; the message says what to run."""


@dataclass(frozen=True)
class Machine:
    """Where things are found. `root` is another folder than / in tests."""

    root: Path = Path("/")

    def at(self, path: str) -> Path:
        return self.root / path

    def has(self, program: str, *places: str) -> bool:
        return shutil.which(program) is not None or any(self.at(place).exists() for place in places)

    @property
    def runs_systemd(self) -> bool:
        return self.at("run/systemd/system").is_dir()  # the test of sd_booted(3)

    def has_unit(self, unit: str) -> bool:
        folders = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
        return any(self.at(f"{folder}/{unit}").exists() for folder in folders)


@dataclass(frozen=True)
class Need:
    """A Debian package, and how to tell that this machine needs it no more."""

    package: str
    purpose: str
    is_met: Callable[[Machine], bool]
    units: tuple[str, ...] = ()  #: systemd units that its installation brings along and enables


def _has_ensurepip() -> bool:
    invalidate_caches()  # it may have come since the last look
    return find_spec("ensurepip") is not None


def _peer(package: str, program: str = "") -> Need:
    return Need(
        package,
        f"{program or package} is what make bench-storage compares with",
        lambda machine: machine.has(program or package),
    )


def _filesystem(package: str, program: str) -> Need:
    return Need(
        package,
        f"{program} makes filesystems for the tests, which only root can mount",
        lambda machine: os.geteuid() != 0 or machine.has(program, f"usr/sbin/{program}", f"sbin/{program}"),
    )


NEEDS = {
    need.package: need
    for need in (
        Need(
            "python3-venv",
            "makes the folder .venv",
            lambda _machine: _has_ensurepip(),
        ),
        Need(
            "curl",
            "runs the README's commands, in a test",
            lambda machine: machine.has("curl"),
        ),
        Need(
            "redis-server",
            "queue and store; a private one is started, nothing stays running",
            lambda machine: machine.has("redis-server"),
            ("redis-server.service",),
        ),
        Need(
            "rabbitmq-server",
            "takes the events of the tests; a private one is started, nothing stays running",
            lambda machine: machine.has("rabbitmq-server", "usr/lib/rabbitmq/bin/rabbitmq-server"),
            ("rabbitmq-server.service", "epmd.socket", "epmd.service"),
        ),
        _filesystem("e2fsprogs", "mkfs.ext4"),
        _filesystem("btrfs-progs", "mkfs.btrfs"),
        _filesystem("xfsprogs", "mkfs.xfs"),
        Need(
            "iproute2",
            "makes the networks of a test with several hosts, which only root can",
            lambda machine: os.geteuid() != 0 or machine.has("ip", "usr/sbin/ip", "sbin/ip"),
        ),
        *map(_peer, ("jdupes", "rdfind", "fdupes", "rmlint", "gdu", "ncdu")),
        _peer("util-linux", "hardlink"),
    )
}


def ensure(names: Sequence[str], *, yes: bool = False, announced: bool = False, machine: Machine | None = None) -> None:
    """See that the packages of these names are there. Raises ProvisionError.

    `yes`: use sudo without asking. `announced`: the user has been told already what is missing.
    """
    machine = machine or Machine()
    missing = [NEEDS[name] for name in names if not NEEDS[name].is_met(machine)]
    if not missing:
        return
    if not announced:
        _announce(missing)
    if shutil.which("apt-get") is None:
        raise ProvisionError(
            "There is no apt-get here. Install them with this system's package manager, then try again."
        )
    if os.geteuid() == 0:
        install(missing, machine)
    else:
        _install_through_sudo(missing, yes=yes)
        if unmet := [need.package for need in missing if not need.is_met(machine)]:
            raise ProvisionError(f"Still missing after the installation: {' '.join(unmet)}")


def _announce(missing: Sequence[Need]) -> None:
    print("Missing on this machine:", file=sys.stderr)
    for need in missing:
        print(f"  {need.package:16} {need.purpose}", file=sys.stderr)


def _install_through_sudo(missing: Sequence[Need], *, yes: bool) -> None:
    """Run this script once more, as root."""
    itself = [sys.executable, "-I", str(Path(__file__).resolve()), *(need.package for need in missing)]
    command = shlex.join(itself)
    if shutil.which("sudo") is None:
        raise ProvisionError(f"There is no sudo here. As root, run: {command}")
    if not yes and not _said_yes():
        raise ProvisionError(f"Say YES=1 to make, or run: sudo {command}")
    if subprocess.run(["sudo", "--", *itself, "--announced"], check=False).returncode != 0:
        raise ProvisionError(f"The installation failed: sudo {command}")


def _said_yes() -> bool:
    if not sys.stdin.isatty():
        return False
    print("Install with apt-get, through sudo? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def install(needs: Sequence[Need], machine: Machine) -> None:
    """Install as root, and leave every server that comes with it stopped and disabled. Raises ProvisionError."""
    packages = [_package(need) for need in needs]
    units = [unit for need in needs for unit in need.units if not machine.has_unit(unit)]
    with _alone(machine), _services_held_back(machine, units):
        _apt_install(packages, machine)
        _disable([unit for unit in units if machine.has_unit(unit)], machine)
    if unmet := [need.package for need in needs if not need.is_met(machine)]:
        raise ProvisionError(f"apt-get installed it, and it still cannot be used: {' '.join(unmet)}")


def _package(need: Need) -> str:
    """The package's name; that of venv depends on which of the system's Pythons this is."""
    if need.package != "python3-venv":
        return need.package
    python = Path(sys.executable).resolve()
    if python.parent != Path("/usr/bin"):
        raise ProvisionError(
            f"{python} was built without ensurepip and is not Debian's. Name another one: make PYTHON=/usr/bin/python3"
        )
    return "python3-venv" if python == Path("/usr/bin/python3").resolve() else f"{python.name}-venv"


def _apt_install(packages: Sequence[str], machine: Machine) -> None:
    """Install; with fresh lists where there are none yet, or where what they name has gone from the mirror."""
    command = ["install", "-y", "--no-install-recommends", *packages]
    has_lists = any(machine.at("var/lib/apt/lists").glob("*_Packages*"))
    if has_lists and _apt_get(*command):
        return
    if not (_apt_get("update") and _apt_get(*command)):
        raise ProvisionError(f"apt-get could not install {' '.join(packages)}; its own message stands above")


def _apt_get(*arguments: str) -> bool:
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0", *arguments]
    return _run(["env", "DEBIAN_FRONTEND=noninteractive", *command])


def _run(command: Sequence[str]) -> bool:
    """Whether the command succeeded. What it says is shown where it did not."""
    print("+ " + " ".join(command), file=sys.stderr, flush=True)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
    return done.returncode == 0


@contextmanager
def _alone(machine: Machine) -> Iterator[None]:
    """One installation at a time, so that none takes away the other's policy-rc.d."""
    folder = machine.at("run/lock")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "hro-provision.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _services_held_back(machine: Machine, units: Sequence[str]) -> Iterator[None]:
    """Debian's own switch, policy-rc.d, keeps the new services from being started while they are installed.

    A policy-rc.d that somebody else put there is kept. Ours concerns only `units`, and is without effect once this
    process is gone, should it be killed before it can take the file away.
    """
    policy = machine.at("usr/sbin/policy-rc.d")
    foreign = policy.exists() and MARK not in policy.read_text(errors="replace")
    if foreign or not units:
        yield
        return
    try:
        policy.write_text(_policy(units))
        policy.chmod(0o755)
        yield
    finally:
        policy.unlink(missing_ok=True)


def _policy(units: Sequence[str]) -> str:
    names = sorted({unit.partition(".")[0] for unit in units})
    patterns = "|".join(f"{name}|{name}.*" for name in names)
    return (
        f"#!/bin/sh\n{MARK}.\n"
        "# If it is still here after that has ended, it does nothing and can be deleted.\n"
        f"kill -0 {os.getpid()} 2>/dev/null || exit 0\n"
        f'case "$1" in {patterns}) exit 101 ;; esac\n'
    )


def _disable(units: Sequence[str], machine: Machine) -> None:
    """Leave services that were not there before neither running nor started at the next boot."""
    commands = []
    if units and shutil.which("systemctl"):
        commands += [["systemctl", "disable", *(["--now"] if machine.runs_systemd else []), *units]]
    if not machine.runs_systemd and shutil.which("update-rc.d"):
        scripts = [unit.removesuffix(".service") for unit in units]
        commands += [["update-rc.d", name, "disable"] for name in scripts if machine.at(f"etc/init.d/{name}").exists()]
    for command in commands:
        if not _run(command):
            raise ProvisionError(f"A new service may still be enabled. Run: {' '.join(command)}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Install what is missing, by the rule in this file's first lines.")
    parser.add_argument("needs", nargs="+", choices=sorted(NEEDS), metavar="NEED", help=", ".join(sorted(NEEDS)))
    parser.add_argument("--yes", action="store_true", help="use sudo without asking")
    parser.add_argument("--announced", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, default=Path("/"), help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that policy-rc.d is taken away then, too
    try:
        machine = Machine(arguments.root)
        ensure(arguments.needs, yes=arguments.yes, announced=arguments.announced, machine=machine)
    except ProvisionError as error:
        print(f"hro: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
