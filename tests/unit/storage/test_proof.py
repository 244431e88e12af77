"""How many bytes count as freed."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.storage.proof import ProofVerdict, prove
from optimizer.values import JsonObject

MIB = 1 << 20
amounts = st.integers(0, 1 << 50)


def seen(*free: int, noise: int = 0) -> JsonObject:
    return {
        "filesystems": [
            {"device": d, "free_bytes": f, "noise_bytes": noise, "journal_bytes": 0} for d, f in enumerate(free)
        ]
    }


def test_what_the_filesystem_shows_is_proven() -> None:
    """Within a percent, or some blocks for what a filesystem writes for itself."""
    proof = prove(32 * MIB, seen(100 * MIB), seen(132 * MIB + 4096), 0.1)
    assert (proof.freed_bytes, proof.verdict) == (32 * MIB, ProofVerdict.PROVEN)


def test_no_more_is_told_than_the_filesystem_shows() -> None:
    """A snapshot still has what was deleted: nothing was freed."""
    proof = prove(32 * MIB, seen(100 * MIB), seen(100 * MIB), 0.1)
    assert (proof.freed_bytes, proof.verdict) == (0, ProofVerdict.PARTLY)


def test_a_busy_disk_proves_nothing() -> None:
    """The bound is as wide as its noise, and the verdict says so."""
    proof = prove(MIB, seen(100 * MIB, noise=200 * MIB), seen(60 * MIB, noise=10 * MIB), 0.1)
    assert (proof.freed_bytes, proof.verdict) == (MIB, ProofVerdict.NOT_MEASURABLE)


def test_two_roots_on_one_filesystem_count_once() -> None:
    """A device is told by its number."""
    twice = [{"device": 7, "free_bytes": 10 * MIB, "noise_bytes": 0, "journal_bytes": 0}] * 2
    after = [{"device": 7, "free_bytes": 12 * MIB, "noise_bytes": 0, "journal_bytes": 0}] * 2
    assert prove(2 * MIB, {"filesystems": twice}, {"filesystems": after}, 0.1).measured_bytes == 2 * MIB


def test_the_journal_pays_for_itself() -> None:
    """Its rows lie on the same disk; what they take was freed all the same."""
    before = {"filesystems": [{"device": 1, "free_bytes": 0, "noise_bytes": 0, "journal_bytes": MIB}]}
    after = {"filesystems": [{"device": 1, "free_bytes": 0, "noise_bytes": 0, "journal_bytes": 3 * MIB}]}
    assert prove(2 * MIB, before, after, 0.1).freed_bytes == 2 * MIB


def test_noise_lasts_as_long_as_the_work() -> None:
    """What others did in the moments that were looked at, they did all the time."""
    assert prove(MIB, seen(0, noise=1000), seen(0, noise=1000), 24).noise_bytes == 200_000


@given(amounts, amounts, amounts, amounts)
def test_freed_is_never_more_than_accounted_and_never_negative(claim: int, before: int, after: int, noise: int) -> None:
    """Whatever others do meanwhile."""
    proof = prove(claim, seen(before, noise=noise), seen(after, noise=noise), 0.1)
    assert 0 <= proof.freed_bytes <= claim
    assert proof.freed_bytes <= max(0, after - before + 2 * noise)
