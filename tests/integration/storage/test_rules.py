"""Every rule over the two trees that come with it: the one that it clears, and the one that it must leave."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from optimizer.host.clock import SystemClock
from optimizer.host.journal import Journal
from optimizer.options import ChangeOptions
from optimizer.paths import exact
from optimizer.plans import Plan
from optimizer.runner import run
from optimizer.storage.clean.load import load_rules
from optimizer.storage.clean.plan import plan_clean
from optimizer.storage.clean.rule import Rule
from optimizer.storage.hands import Hands
from optimizer.storage.reclaim import Part, reclaim, undo
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.rule_trees import RULES, Place, as_old_as_it_says

SHIPPED = load_rules(None)
each_rule = pytest.mark.parametrize("rule", SHIPPED.values(), ids=SHIPPED.keys())


def planned(place: Place, **options: Any) -> Plan:
    seen = as_old_as_it_says(place.look(SystemClock(), **options))
    return plan_clean(ChangeOptions(allow_irreversible=True), seen)


def test_every_tree_belongs_to_a_rule() -> None:
    """And every rule has both."""
    trees = {path.relative_to(RULES).as_posix() for path in RULES.rglob("*.tree")}
    assert trees == {f"{name}/{tree}.tree" for name in SHIPPED for tree in ("clean", "keep")}


@each_rule
def test_a_rule_clears_its_tree(tmp_path: Path, rule: Rule) -> None:
    """Each of its old files, or with a command the folder, whose known bytes are claimed to the last one."""
    place = Place(tmp_path, rule)
    files = place.build("clean")
    actions = planned(place).actions
    if rule.command is None:
        assert sorted(exact(action.target) for action in actions) == sorted(map(os.fsencode, files))
        assert all(action.reversible for action in actions)
        return
    assert [exact(action.target) for action in actions] == [os.fsencode(place.folder)]
    on_disk = sum(file.stat().st_blocks * 512 for file in files)
    assert (actions[0].claimed_bytes, actions[0].reversible) == (on_disk if rule.files else 0, False)


@each_rule
def test_a_rule_leaves_the_other_tree(tmp_path: Path, rule: Rule) -> None:
    """Nothing of it is planned, nothing of it is claimed."""
    place = Place(tmp_path, rule)
    place.build("keep")
    assert planned(place).actions == ()


@each_rule
def test_where_nothing_lies_nothing_is_said(tmp_path: Path, rule: Rule) -> None:
    """A host without this cache has a plan without its name."""
    plan = planned(Place(tmp_path, rule))
    assert (plan.actions, plan.notes) == ((), ())


class InAMonth(SystemClock):
    """As if so much time had passed: a ctime cannot be set back."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=60)


@pytest.mark.parametrize("name", [name for name, rule in SHIPPED.items() if rule.command is None])
def test_files_of_a_rule_come_back(tmp_path: Path, name: str) -> None:
    """They wait in quarantine, free nothing yet, and undo puts each where it was."""
    place = Place(tmp_path / "host", SHIPPED[name])
    files = place.build("clean")
    hands = Hands(place.roots, Journal(tmp_path / "journal.db", SystemClock()))
    job, look = new_job(place.rule.kind), lambda _options, _progress: place.look(InAMonth())
    handler = reclaim([Part(options=ChangeOptions, look=look, plan=plan_clean)], hands)
    result = run(job, handler, Listening(), SystemClock()).result
    assert (result["files_quarantined"], result["space_freed_bytes"]) == (len(files), 0), result["outcomes"]
    assert result.get("caches_cleaned", 1) == 1
    assert not any(file.exists() for file in files)
    back = run(new_job("undo", optimization_id=job.optimization_id), undo(hands), Listening(), SystemClock()).result
    assert (back["files_restored"], all(file.exists() for file in files)) == (len(files), True)


def test_logs_of_a_named_folder_alone(tmp_path: Path) -> None:
    """A folder beside the journal's has none of them."""
    place = Place(tmp_path, SHIPPED["journald"])
    files = place.build("clean")
    for path, expected in ((files[0].parent, 3), (tmp_path / "var/log", 3), (tmp_path / "var/log/nginx", 0)):
        assert len(planned(place, path=str(path)).actions) == expected, path


def test_the_age_that_was_asked_for_counts(tmp_path: Path) -> None:
    """For logs, whatever the rule says."""
    place = Place(tmp_path, SHIPPED["journald"])
    place.build("clean")
    assert [action.target["path"][-1] for action in planned(place, days_old=100).actions] == ["~"]
