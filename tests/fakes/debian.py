"""apt-get, systemctl, update-rc.d and sudo for tests: one script that is called by all these names.

It writes each call to the file `calls` beside its own folder, and installs packages as empty files.
"""

import json
import subprocess
import sys
from pathlib import Path

NAMES = ("apt-get", "systemctl", "update-rc.d", "sudo")

#: What a package brings along: programs beside this script, and files below the folder `root`
FILES = {
    "redis-server": (["redis-server"], ["lib/systemd/system/redis-server.service", "etc/init.d/redis-server"]),
    "rabbitmq-server": (
        ["rabbitmq-server"],
        [
            *(f"lib/systemd/system/{unit}" for unit in ("rabbitmq-server.service", "epmd.socket", "epmd.service")),
            "etc/init.d/rabbitmq-server",
        ],
    ),
}


def main() -> int:
    name, *arguments = Path(sys.argv[0]).name, *sys.argv[1:]
    home = Path(sys.argv[0]).parent.parent
    call: dict[str, object] = {"call": [name, *arguments]}
    policy = home / "root/usr/sbin/policy-rc.d"
    if policy.exists():
        call["denied"] = [
            service
            for service in ("redis-server", "redis-server.service", "rabbitmq-server", "epmd.socket", "cron")
            if subprocess.run([str(policy), service, "start"], check=False).returncode == 101
        ]
    with (home / "calls").open("a") as calls:
        print(json.dumps(call), file=calls)
    return _do(name, arguments, home)


def _do(name: str, arguments: list[str], home: Path) -> int:
    stale = home / "stale"
    if name == "apt-get" and "update" in arguments:
        stale.unlink(missing_ok=True)
    elif name in {"apt-get", "sudo"}:
        if stale.exists() or (home / "broken").exists():
            sys.stdout.write("E: no such package\n")
            return 100
        for package in FILES.keys() & set(arguments):
            _install(package, home)
    return 0


def _install(package: str, home: Path) -> None:
    programs, files = FILES[package]
    for path in [home / "bin" / program for program in programs] + [home / "root" / file for file in files]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)


if __name__ == "__main__":
    sys.exit(main())
