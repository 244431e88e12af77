"""Reclaiming over HTTP: plan, apply, undo, purge."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import Service


@pytest.fixture
def folder(running: Service) -> Path:
    made = running.folder / "temporary"
    made.mkdir(exist_ok=True)
    for name in ("one", "two"):
        (made / name).write_text(name * 5000)
    (made / "app.pid").write_text("1")
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_go_into_quarantine_and_come_back(running: Service, folder: Path) -> None:
    """Planned first, then moved, then back by the id of the job; each step with its record."""
    said = {"path": str(folder), "days_old": 0}
    dry_run = running.until(running.submit("/optimize/storage/temp", said | {"dry_run": True}), "completed")
    assert (dry_run["plan"]["actions"], dry_run["reversible"], names(folder)) == (2, True, ["app.pid", "one", "two"])
    assert running.call("POST", "/optimize/storage/temp", json=said, scope="plan").status_code == 403

    moved = running.until(running.submit("/optimize/storage/temp", said, scope="apply"), "completed")
    assert (moved["result"]["files_quarantined"], moved["result"]["space_freed_bytes"]) == (2, 0)
    assert names(folder) == ["app.pid"]

    undone = running.submit(f"/optimizations/{moved['optimization_id']}/undo", {}, scope="apply")
    record = running.until(undone, "completed")
    assert (record["parent_id"], record["result"]["files_restored"]) == (moved["optimization_id"], 2)
    assert (folder / "one").read_text() == "one" * 5000


def test_what_was_purged_is_freed_and_gone(running: Service, folder: Path) -> None:
    """Bytes count as freed now, in the result and in the metrics; there is nothing left to undo."""
    said = {"path": str(folder), "days_old": 0}
    moved = running.submit("/optimize/storage/temp", said, scope="apply")
    running.until(moved, "completed")
    purged = running.until(running.submit(f"/optimizations/{moved}/purge", {}, scope="apply"), "completed")
    freed = purged["result"]["space_freed_bytes"]
    assert (purged["result"]["files_purged"], freed >= 30_000) == (2, True)
    assert f"hardware_optimizer_storage_freed_bytes {float(freed)}" in running.call("GET", "/metrics").text
    again = running.until(running.submit(f"/optimizations/{moved}/undo", {}, scope="apply"), "failed")
    assert again["error"]["code"] == "nothing_in_quarantine"


def test_undo_and_purge_need_the_scope_apply_and_a_job_that_ended(running: Service) -> None:
    """An unknown job is 404, as everywhere."""
    for verb in ("undo", "purge"):
        assert running.call("POST", f"/optimizations/0/{verb}", json={}).status_code == 401
        assert running.call("POST", f"/optimizations/0/{verb}", json={}, scope="plan").status_code == 403
        assert running.call("POST", f"/optimizations/0/{verb}", json={}, scope="apply").status_code == 404
