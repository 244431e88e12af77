"""The overlay that lets one folder be changed: as its owner, by plan, and back again."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.containers.conftest import COMPOSE, OVERLAY, PATIENCE_SECONDS, Stack, docker

#: Whose the files are when the tests run as root; else the user's own
OWNER = 1234


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("changeable")
    (made / "old").write_text("a temporary file")
    if os.geteuid() == 0:
        for path in (made, made / "old"):
            os.chown(path, OWNER, OWNER)
    return made


@pytest.fixture(scope="module")
def changing(stack: Stack, folder: Path) -> Iterator[Stack]:
    """The stack, with API and storage worker under the overlay; afterwards it is as it was."""
    owner = folder.stat()
    environment = {"HRO_SCAN_DIR": str(folder), "HRO_UID": str(owner.st_uid), "HRO_GID": str(owner.st_gid)}
    changed = replace(stack, environment={**stack.environment, **environment}, files=(COMPOSE, OVERLAY))
    changed.up("--no-deps", "api", "worker-storage")
    yield changed
    stack.up("--no-deps", "api", "worker-storage")


def test_without_the_overlay_nothing_can_be_changed(stack: Stack) -> None:
    """It is refused by the name of the setting."""
    answer = stack.call("POST", "/optimize/storage/temp", json={"path": "/scan", "days_old": 0})
    assert (answer.status_code, answer.json()["setting"]) == (403, "HRO_ROOTS")


def test_a_file_goes_to_quarantine_and_comes_back(changing: Stack, folder: Path) -> None:
    """Seen from the host: moved aside beside its fellows, under its owner, and back in its place."""
    moved = changing.done("/optimize/storage/temp", {"path": "/scan", "days_old": 0})
    print(f"\noptimize_temp: {moved['result']}")
    assert (moved["status"], moved["result"]["files_quarantined"]) == ("completed", 1)
    assert not (folder / "old").exists()
    assert [
        path.read_text() for path in (folder / ".hro-quarantine").rglob("*") if path.is_file() and path.stat().st_size
    ]
    back = changing.done(f"/optimizations/{moved['optimization_id']}/undo", {})
    assert (back["status"], (folder / "old").read_text()) == ("completed", "a temporary file")


def test_the_worker_s_heart_beats_on_under_another_uid(changing: Stack) -> None:
    """Whatever ran before it under its name: its file is renewed, which is what the health check looks at."""
    look = ("worker-storage", "sh", "-c", 'stat --format "%u %y" "$HRO_HEART_FILE"')
    seen = changing.inside(*look)
    assert seen.split()[0] == changing.environment["HRO_UID"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while changing.inside(*look) == seen:
        assert time.monotonic() < deadline, seen
        time.sleep(1)
    worker = changing.compose("ps", "--quiet", "worker-storage").strip()
    form, check = json.loads(docker("inspect", "--format", "{{json .Config.Healthcheck.Test}}", worker))
    assert form == "CMD-SHELL"
    changing.inside("worker-storage", "sh", "-c", check)


def test_each_uid_has_a_journal_that_nobody_else_can_touch(changing: Stack) -> None:
    """That of the storage worker without the overlay is as whole as it was, too."""

    def as_user(uid: str, *command: str) -> str:
        state = f"HRO_STATE_DIR=/var/lib/hro/{uid}"
        return changing.compose(
            "exec", "--no-TTY", "--user", f"{uid}:{uid}", "--env", state, "worker-storage", *command
        )

    owner = changing.environment["HRO_UID"]
    assert "each chained to the one before" in changing.inside("worker-storage", "hro", "audit", "verify")
    for uid, others in (("10001", owner), (owner, "10001"), ("4321", owner), ("4321", "10001")):
        refused = as_user(
            uid, "sh", "-c", f"cat /var/lib/hro/{others}/journal.db 2>&1; touch /var/lib/hro/{others}/x 2>&1 || :"
        )
        assert refused.count("Permission denied") == 2, (uid, others, refused)
    assert as_user("10001", "hro", "audit", "verify").startswith("0 rows")
