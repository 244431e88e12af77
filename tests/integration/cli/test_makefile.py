"""What `make` offers."""

import re
import subprocess
from pathlib import Path

from optimizer.settings import child_environment

ROOT = Path(__file__).parents[3]


def make(*arguments: str) -> str:
    """What make prints. What it was itself started with, as by `make test YES=1`, is kept away from it."""
    kept = {
        name: text
        for name, text in child_environment({}).items()
        if not name.startswith("MAKE") and name not in {"MFLAGS", "YES", "T", "DIR"}
    }
    done = subprocess.run(["make", *arguments], cwd=ROOT, env=kept, capture_output=True, text=True, check=True)
    return done.stdout


def test_make_alone_is_help_for_every_target() -> None:
    """`make` without a target lists each target with its line of help, in groups."""
    targets = re.findall(r"^\.PHONY: (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^  make (\S+) +\S", make(), re.MULTILINE)
    assert targets == listed
    assert {"help", "setup", "demo", "up", "test", "check", "lock"} <= set(listed)


def test_a_folder_s_name_reaches_the_demo_whole() -> None:
    """DIR may hold spaces and quotes: the shell hands it on as one word."""
    assert "hro demo  -- 'it'\\''s here'" in make("-n", "-o", ".venv/stamp", "demo", "DIR=it's here")


def test_consent_is_passed_on() -> None:
    """YES=1 becomes --yes for whatever may install a package, and without it nothing does."""
    assert "provision.py --yes redis-server rabbitmq-server" in make("-n", "-o", ".venv/stamp", "test", "YES=1")
    assert "--yes" not in make("-n", "-o", ".venv/stamp", "test")
