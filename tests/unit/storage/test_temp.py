"""Which old temporary files are planned for quarantine."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.storage.temp import Candidate, Seen, is_live_state, plan_temp
from tests import strategies
from tests.fakes.submitted import new_job

DAY = 86_400 * 10**9
NOW = 1_000 * DAY


def candidate(path: bytes, **times: int) -> Candidate:
    old = {"atime_ns": NOW - 30 * DAY, "mtime_ns": NOW - 30 * DAY, "ctime_ns": NOW - 30 * DAY} | times
    return Candidate(root=b"/tmp", path=path, device=1, inode=2, size=5, allocated=4096, links=1, **old)


def planned(*candidates: Candidate, days_old: int = 7) -> list[object]:
    plan = plan_temp(new_job("optimize_temp", days_old=days_old), Seen(candidates=candidates, now_ns=NOW, notes=()))
    return [action.target["path"] for action in plan.actions]


@pytest.mark.parametrize("time", ["atime_ns", "mtime_ns", "ctime_ns"])
def test_a_file_that_was_used_in_any_way_is_kept(time: str) -> None:
    """Read, written, or moved and given rights: the latest of the three counts."""
    assert planned(candidate(b"/tmp/a", **{time: NOW - DAY})) == []
    assert planned(candidate(b"/tmp/a")) == ["/tmp/a"]


def test_the_age_that_was_asked_for_counts() -> None:
    """To the day."""
    assert planned(candidate(b"/tmp/a"), days_old=31) == []
    assert planned(candidate(b"/tmp/a"), days_old=29) == ["/tmp/a"]


@pytest.mark.parametrize(
    "path",
    [
        b"/tmp/.X0.lock",
        b"/tmp/app.pid",
        b"/tmp/cache.SQLITE",
        b"/tmp/x.db-wal",
        b"/tmp/r/.git/HEAD",
        b"/tmp/.X11-unix/X0",
    ],
)
def test_what_a_program_may_rely_on_is_kept(path: bytes) -> None:
    """However old it is; the plan says how many there were."""
    plan = plan_temp(new_job("optimize_temp"), Seen(candidates=(candidate(path),), now_ns=NOW, notes=()))
    assert (plan.actions, len(plan.notes)) == ((), 1)


@given(st.lists(strategies.file_names, max_size=8), st.randoms())
def test_the_same_files_give_the_same_plan_in_whatever_order(names: list[bytes], order: Random) -> None:
    """And never one that is live state, never one twice."""
    candidates = [candidate(b"/tmp/" + name) for name in dict.fromkeys(names)]
    shuffled = list(candidates)
    order.shuffle(shuffled)
    job = new_job("optimize_temp")
    plans = [plan_temp(job, Seen(candidates=tuple(seen), now_ns=NOW, notes=())) for seen in (candidates, shuffled)]
    assert plans[0].digest == plans[1].digest
    assert len(plans[0].actions) == sum(not is_live_state(each.path) for each in candidates)


def test_a_hard_link_claims_nothing() -> None:
    """Its bytes stay while another name has them."""
    linked = Candidate(
        root=b"/tmp", path=b"/tmp/a", device=1, inode=2, size=5, allocated=4096, links=2,
        atime_ns=0, mtime_ns=0, ctime_ns=0,
    )  # fmt: skip
    plan = plan_temp(new_job("optimize_temp"), Seen(candidates=(linked,), now_ns=NOW, notes=()))
    assert plan.actions[0].claimed_bytes == 0
