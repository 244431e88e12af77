"""What is planned of what was found."""

from dataclasses import replace

import pytest

from optimizer.options import CacheOptions
from optimizer.plans import Plan
from optimizer.storage.clean.plan import Found, Seen, plan_clean
from optimizer.storage.clean.rule import Rule
from optimizer.storage.keep import Keep
from optimizer.storage.left import MOST_ACTIONS
from tests.fakes.files import candidate

DAY = 86_400 * 10**9
NOW = 1000 * DAY
SAID = {"name": "demo", "title": "Things", "refills": "they come again", "documentation": "none"}
FILES = Rule.model_validate({**SAID, "folders": ["/c"], "files": ["*"], "min_age_days": 30})
COMMAND = Rule.model_validate(
    {**SAID, "folders": ["/c"], "files": ["*"], "command": {"argv": ["demo", "{folder}"], "seconds": 5}}
)


def found(rule: Rule, *paths: bytes, age_days: int = 60, read_days: int = 60) -> Found:
    changed, read = NOW - age_days * DAY, NOW - read_days * DAY
    files = [candidate(path, root=b"/c", mtime_ns=changed, ctime_ns=changed, atime_ns=read) for path in paths]
    return Found(rule=rule, root=b"/c", folder=b"/c", device=1, inode=2, uid=0, files=tuple(files))


def plan(one: Found, *, keep: Keep | None = None, days_old: int | None = None, allow: bool = True) -> Plan:
    seen = Seen(found=(one,), now_ns=NOW, keep=keep or Keep(), days_old=days_old)
    return plan_clean(CacheOptions(allow_irreversible=allow), seen)


@pytest.mark.parametrize(
    ("age", "read_days", "days_old", "actions"),
    [("used", 60, None, 1), ("used", 3, None, 0), ("changed", 3, None, 1), ("changed", 60, 90, 0), ("used", 60, 7, 1)],
)
def test_a_file_is_as_old_as_its_rule_counts(age: str, read_days: int, days_old: int | None, actions: int) -> None:
    """From when it was last used, or only from when it was changed; and what a job asks for counts more."""
    rule = FILES.model_copy(update={"age": age})
    assert len(plan(found(rule, b"/c/a", read_days=read_days), days_old=days_old).actions) == actions


def test_what_the_administrator_keeps_stays() -> None:
    """And what looks alive; the notes name both reasons."""
    planned = plan(found(FILES, b"/c/a", b"/c/b.lock", b"/c/kept"), keep=Keep(("/c/k*",)))
    assert [action.target["path"] for action in planned.actions] == ["/c/a"]
    assert len(planned.notes) == 2


def test_a_plan_has_an_end() -> None:
    """What is left is told, and is for the next run."""
    planned = plan(found(FILES, *(b"/c/%06d" % number for number in range(MOST_ACTIONS + 2))))
    assert (len(planned.actions), planned.notes) == (MOST_ACTIONS, ("Left 2 more files for the next run.",))


def test_a_cache_that_cannot_be_cleared_says_why() -> None:
    """With what it holds; consent is asked for only where it would help."""
    full = replace(found(COMMAND), bytes=3 << 20, claimed_bytes=2 << 20)
    busy = replace(full, why_not="demo (process 7) is at work.")
    assert plan(busy, allow=False).notes == ("demo: /c, 2.0 MiB, is not cleared. demo (process 7) is at work.",)
    assert plan(full, allow=False).notes == (
        "demo: /c, 2.0 MiB, is not cleared. It cannot be undone, so it needs allow_irreversible.",
    )
    assert [action.claimed_bytes for action in plan(full).actions] == [2 << 20]


def test_each_rule_of_a_folder_is_judged_by_itself() -> None:
    """Where one manager cannot be run, another may; neither is told of what hinders the other."""
    full = replace(found(COMMAND), bytes=3 << 20, claimed_bytes=2 << 20)
    other = replace(full, rule=COMMAND.model_copy(update={"name": "other"}), why_not="There is no other.")
    planned = plan_clean(CacheOptions(allow_irreversible=True), Seen(found=(full, other), now_ns=NOW, keep=Keep()))
    assert [action.target["rule"] for action in planned.actions] == ["demo"]
    assert planned.notes == ("other: /c, 2.0 MiB, is not cleared. There is no other.",)


def test_an_empty_cache_is_not_spoken_of() -> None:
    """There is nothing to clear and nothing to allow."""
    assert plan(found(COMMAND), allow=False) == plan(found(COMMAND)) == Plan()


def test_of_two_commands_for_one_folder_the_second_is_not_run() -> None:
    """Which is said, with the rule that is; a first one that cannot be run leaves the folder to the second."""
    first, second = (
        replace(found(COMMAND.model_copy(update={"name": name})), bytes=3 << 20, claimed_bytes=2 << 20)
        for name in ("one", "two")
    )
    for pair, runs, says in (
        ((first, second), "one", "two: /c, 2.0 MiB, is not cleared. The rule one clears this folder already."),
        ((replace(first, why_not="It is busy."), second), "two", "one: /c, 2.0 MiB, is not cleared. It is busy."),
    ):
        planned = plan_clean(CacheOptions(allow_irreversible=True), Seen(found=pair, now_ns=NOW, keep=Keep()))
        assert [action.target["rule"] for action in planned.actions] == [runs]
        assert planned.notes == (says,)
