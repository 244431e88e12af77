"""Which cold files are planned to be compressed, and what is claimed for them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.options import CompressOptions
from optimizer.plans import Plan
from optimizer.storage.compress.plan import Sampled, Seen, plan_compress
from optimizer.storage.left import MOST_ACTIONS, Left
from tests import strategies
from tests.fakes.files import candidate

MIB = 1 << 20


def sampled(path: bytes, saved_share: float, size: int = MIB) -> Sampled:
    blocks = -(-size // 4096)
    return Sampled(file=candidate(path, size=size, allocated=blocks * 4096), saved_share=saved_share)


def plan(*files: Sampled, left: dict[str, Left] | None = None) -> Plan:
    return plan_compress(CompressOptions(path="/data"), Seen(files=files, left=left or {}, limit_ns=7))


def test_what_saves_most_comes_first() -> None:
    """A policy that stops early has then touched as few files as it could."""
    found = plan(sampled(b"/data/a", 0.5), sampled(b"/data/b", 0.9), sampled(b"/data/c", 0.5, 8 * MIB))
    assert [action.target["path"] for action in found.actions] == ["/data/c", "/data/b", "/data/a"]


@pytest.mark.parametrize(("share", "size", "is_meant"), [(0.06, MIB, True), (0.04, MIB, False), (0.9, 4096, False)])
def test_what_saves_too_little_is_left_and_told(share: float, size: int, is_meant: bool) -> None:
    """Less than 5 % of its space, or less than a block of it."""
    found = plan(sampled(b"/data/a", share, size))
    assert (len(found.actions), len(found.notes)) == ((1, 0) if is_meant else (0, 1))


def test_the_reasons_of_what_stays_are_told() -> None:
    """How many files each of them keeps, and one of those."""
    assert plan(left={"it is odd": Left(3, b"/data/\xe9")}).notes == (r"Left 3 files, such as /data/\xe9: it is odd.",)


def test_an_action_relies_on_the_file_and_on_nobody_reading_it() -> None:
    """It names the algorithm, and can be undone."""
    (action,) = plan(sampled(b"/data/a", 0.5)).actions
    assert (action.target["algorithm"], action.relied_on["not_read_since_ns"], action.reversible) == ("zstd", 7, True)
    assert {"device", "inode", "size", "mtime_ns", "ctime_ns"} < set(action.relied_on)


@given(st.lists(st.tuples(strategies.file_names, st.floats(0, 1), st.integers(1, 2**40)), max_size=8), st.randoms())
def test_a_plan_claims_no_more_than_there_is(found: list[tuple[bytes, float, int]], order: Random) -> None:
    """Whole blocks, at least one, and the same plan in whatever order files were met."""
    files = [sampled(b"/data/" + name, share, size) for name, share, size in {row[0]: row for row in found}.values()]
    shuffled = list(files)
    order.shuffle(shuffled)
    assert plan(*files).digest == plan(*shuffled).digest
    allocated = {file.file.path: file.file.allocated for file in files}
    claims = [action.claimed_bytes for action in plan(*files).actions]
    assert all(claim >= 4096 and claim % 4096 == 0 for claim in claims)
    assert sum(claims) <= sum(allocated.values())


def test_a_plan_has_an_end() -> None:
    """What is left is told, and is for the next run."""
    found = plan(*(sampled(b"/data/%d" % number, 0.5) for number in range(MOST_ACTIONS + 1)))
    assert (len(found.actions), found.notes) == (MOST_ACTIONS, ("Left 1 more files for the next run.",))
