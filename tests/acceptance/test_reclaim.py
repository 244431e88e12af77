"""Reclaiming over HTTP: plan, apply, undo, purge."""

from pathlib import Path

import pytest
import requests

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


def test_a_plan_is_applied_as_it_was_shown_and_once(running: Service, folder: Path) -> None:
    """Under its digest: 428 without, 412 with another, 409 a second time; a file that changed since is left alone."""
    said = {"path": str(folder), "days_old": 0, "dry_run": True}
    planned = running.submit("/optimize/storage/temp", said)
    running.until(planned, "completed")
    etag = running.call("GET", f"/optimizations/{planned}/plan").headers["ETag"]
    (folder / "two").write_text("changed since")

    def apply(**headers: str) -> requests.Response:
        return running.call("POST", f"/optimizations/{planned}/apply", json={}, scope="apply", headers=headers)

    assert apply().status_code == 428
    assert apply(**{"If-Match": f'"{"0" * 64}"'}).status_code == 412
    taken = apply(**{"If-Match": etag})
    assert taken.status_code == 202
    record = running.until(taken.json()["optimization_id"], "completed", "failed")
    assert (record["result"]["files_quarantined"], names(folder)) == (1, ["app.pid", "two"])
    assert sum(record["result"]["skipped"].values()) == 1
    assert f'"{record["plan"]["digest"]}"' == etag
    again = apply(**{"If-Match": etag})
    assert (again.status_code, again.json()["optimization_id"]) == (409, record["optimization_id"])
    running.until(running.submit(f"/optimizations/{record['optimization_id']}/undo", {}, scope="apply"), "completed")


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
