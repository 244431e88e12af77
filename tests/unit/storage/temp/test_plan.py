"""Which old temporary files are planned for quarantine."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.options import TempOptions
from optimizer.plans import Plan
from optimizer.storage.keep import Keep
from optimizer.storage.temp.plan import Seen, Unit, plan_temp
from tests import strategies
from tests.fakes.files import candidate

DAY = 86_400 * 10**9
NOW = 1_000 * DAY


def unit(*paths: bytes, age_days: int = 30, sockets: int = 0) -> Unit:
    return Unit(files=tuple(map(candidate, paths)), newest_ns=NOW - age_days * DAY, sockets=sockets)


def plan(*units: Unit, keep: Keep | None = None, days_old: int = 7) -> Plan:
    return plan_temp(TempOptions(days_old=days_old), Seen(units=units, now_ns=NOW, keep=keep or Keep()))


def planned(*units: Unit, days_old: int = 7) -> list[str]:
    return [action.target["path"] for action in plan(*units, days_old=days_old).actions]


def test_the_age_that_was_asked_for_counts() -> None:
    """To the day."""
    assert planned(unit(b"/tmp/a"), days_old=31) == []
    assert planned(unit(b"/tmp/a"), days_old=29) == ["/tmp/a"]


def test_what_lies_together_ages_together() -> None:
    """All of a folder goes, or nothing of it does."""
    assert planned(unit(b"/tmp/a/1", b"/tmp/a/2"), unit(b"/tmp/b/1", age_days=1)) == ["/tmp/a/1", "/tmp/a/2"]


def test_a_folder_in_which_programs_meet_stays() -> None:
    """A socket has no time of use; the plan says how many folders stayed for it."""
    found = plan(unit(b"/tmp/ssh/log", sockets=1), unit(b"/tmp/a"))
    assert [action.target["path"] for action in found.actions] == ["/tmp/a"]
    assert found.notes[0].startswith("Kept 1 old folders with sockets")


def test_what_the_administrator_names_stays() -> None:
    """With the glob in the note, so that nobody wonders."""
    found = plan(unit(b"/tmp/a/x"), keep=Keep(("/tmp/a/*",)))
    assert (found.actions, "named by /tmp/a/*" in found.notes[0]) == ((), True)


def test_what_looks_alive_stays() -> None:
    """The plan says of how many, and names one."""
    found = plan(unit(b"/tmp/a/app.pid"))
    assert (found.actions, "/tmp/a/app.pid" in found.notes[0]) == ((), True)


@given(st.lists(strategies.file_names, max_size=8), st.randoms())
def test_the_same_files_give_the_same_plan_in_whatever_order(names: list[bytes], order: Random) -> None:
    """And never one that is to be kept, never one twice."""
    units = [unit(b"/tmp/" + name) for name in dict.fromkeys(names)]
    shuffled = list(units)
    order.shuffle(shuffled)
    assert plan(*units).digest == plan(*shuffled).digest
    assert len(plan(*units).actions) == sum(Keep().reason(each.files[0].path) is None for each in units)


def test_a_hard_link_claims_nothing() -> None:
    """Its bytes stay while another name has them."""
    linked = Unit(files=(candidate(b"/tmp/a", links=2),), newest_ns=0)
    assert plan(linked).actions[0].claimed_bytes == 0


@pytest.mark.parametrize("count", [49_999, 50_001])
def test_a_plan_has_an_end(count: int) -> None:
    """What is left is told, and is for the next run."""
    found = plan(Unit(files=tuple(candidate(b"/tmp/%d" % number) for number in range(count)), newest_ns=0))
    assert (len(found.actions), bool(found.notes)) == (min(count, 50_000), count > 50_000)
