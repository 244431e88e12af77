"""`hro plan`, `apply`, `undo` and `purge`: changes of this host, without any service."""

import json
from pathlib import Path
from typing import Any

import pytest

from optimizer.cli.errors import Exit
from optimizer.cli.kept_plans import KeptPlans
from optimizer.cli.main import main
from optimizer.host.clock import SystemClock


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With three old enough files, where changes are allowed."""
    monkeypatch.setenv("HRO_ROOTS", str(tmp_path / "root"))
    monkeypatch.setenv("HRO_STATE_DIR", str(tmp_path / "state"))
    made = tmp_path / "root" / "old"
    made.mkdir(parents=True)
    for name in "abc":
        (made / name).write_text(name * 5000)
    return made


class Command:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str, exits: Exit = Exit.DONE) -> Any:
        assert main([*words, "--json"]) == exits
        said = self._capsys.readouterr()
        return json.loads(said.out) if said.out else said.err


@pytest.fixture
def hro(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def names(folder: Path) -> str:
    return "".join(sorted(path.name for path in folder.iterdir()))


def planned(hro: Command, folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = hro("plan", "optimize_temp", str(folder), "--days-old", "0")
    return made


def test_a_plan_is_applied_undone_in_parts_and_purged(hro: Command, folder: Path) -> None:
    """All under the id of the plan; nothing changes before it is applied."""
    plan = planned(hro, folder)
    assert ([action["type"] for action in plan["actions"]], names(folder)) == (["quarantine"] * 3, "abc")
    receipt = hro("apply", plan["optimization_id"])
    assert (receipt["files_quarantined"], receipt["errors"], names(folder)) == (3, [], "")
    assert [row["number"] for row in hro("quarantine")] == [0, 1, 2]
    assert hro("undo", plan["optimization_id"], "--item", "1")["files_restored"] == 1
    assert names(folder) == "b"
    assert hro("purge", plan["optimization_id"])["files_purged"] == 2
    assert "nothing in quarantine" in hro("undo", plan["optimization_id"], exits=Exit.REFUSED)


def test_a_plan_is_applied_once(hro: Command, folder: Path) -> None:
    """A second time it is refused, though everything is back in its place."""
    plan = planned(hro, folder)
    hro("apply", plan["optimization_id"])
    hro("undo", plan["optimization_id"])
    assert "applied before" in hro("apply", plan["optimization_id"], exits=Exit.REFUSED)
    assert names(folder) == "abc"


def test_a_plan_that_is_being_applied_is_left_to_whoever_does(hro: Command, folder: Path, tmp_path: Path) -> None:
    """Also before its first action: a second process neither joins in nor ends the first one."""
    plan_id = planned(hro, folder)["optimization_id"]
    with KeptPlans(tmp_path / "state" / "plans", 15, SystemClock()).held(plan_id):
        assert "being applied" in hro("apply", plan_id, exits=Exit.REFUSED)
    assert names(folder) == "abc"


def test_what_changed_since_is_left_and_told(hro: Command, folder: Path) -> None:
    """Done in part: the others are moved, the exit code says that one was not."""
    plan = planned(hro, folder)
    (folder / "b").write_text("new")
    receipt = hro("apply", plan["optimization_id"], exits=Exit.PARTIAL)
    assert ([row["code"] for row in receipt["errors"]], names(folder)) == (["stale"], "b")


def test_a_plan_that_is_too_old_is_refused(hro: Command, folder: Path, tmp_path: Path) -> None:
    """After HRO_PLAN_MINUTES, 15 by default."""
    plan = planned(hro, folder)
    (kept,) = (tmp_path / "state" / "plans").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"made_at": "2026-01-01T00:00:00+00:00"}))
    hro("apply", plan["optimization_id"], exits=Exit.REFUSED)
    assert names(folder) == "abc"


@pytest.mark.parametrize(
    ("words", "exits", "named"),
    [
        (("plan", "temp", "/etc"), Exit.REFUSED, "HRO_ROOTS"),
        (("plan", "temp", "--days-old", "soon"), Exit.USAGE, "days_old"),
        (("plan", "duplicates"), Exit.USAGE, "path"),
        (("apply", "../../etc/passwd"), Exit.USAGE, "no id of a plan"),
        (("apply", "0" * 36), Exit.USAGE, "hro plan"),
        (("undo", "0" * 36), Exit.REFUSED, "nothing in quarantine"),
        (("plan", "storage", "--policy", "none"), Exit.USAGE, "HRO_POLICIES"),
    ],
)
def test_a_request_that_cannot_be_done_says_what_to_change(
    hro: Command, folder: Path, words: tuple[str, ...], exits: Exit, named: str
) -> None:
    """With the exit code of its kind."""
    assert named in hro(*words, exits=exits)
    assert names(folder) == "abc"


def test_an_option_that_the_kind_does_not_have_is_refused(hro: Command, folder: Path) -> None:
    """Nothing is ever ignored."""
    with pytest.raises(SystemExit) as ended:
        hro("plan", "temp", str(folder), "--algorithm", "zstd")
    assert ended.value.code == Exit.USAGE


@pytest.mark.parametrize("before", [True, False])
def test_options_may_stand_before_the_path(hro: Command, folder: Path, *, before: bool) -> None:
    """What an option is given is never taken for the path."""
    options = ("--days-old", "0")
    made: dict[str, Any] = hro("plan", "temp", *(options if before else ()), str(folder), *(() if before else options))
    assert made["plan"]["actions"] == len("abc")


def test_each_kind_lists_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    """`hro plan KIND --help` has those of the kind, and `hro plan --help` says so."""
    for words, named in ((["duplicates", "--help"], "--across-owners"), (["--help"], "KIND --help")):
        with pytest.raises(SystemExit):
            main(["plan", *words])
        assert named in capsys.readouterr().out


def test_people_read_a_table_and_what_to_do_next(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan names the command that does it; the receipt those that take it back or free it."""
    main(["plan", "temp", str(folder), "--days-old", "0"])
    said = capsys.readouterr().out
    assert ("3 actions" in said, "Nothing was changed" in said) == (True, True)
    main(["apply", said.split()[-1]])
    receipt = capsys.readouterr().out
    assert ("3 of 3 actions done" in receipt, f"hro undo {said.split()[-1]}" in receipt) == (True, True)
