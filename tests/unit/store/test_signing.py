"""Signatures of jobs."""

from hypothesis import assume, given

from optimizer.jobs import Job
from optimizer.store.signing import is_signed, sign
from tests import strategies

KEY = b"a key of this test"


@given(strategies.jobs)
def test_a_signed_job_is_known_again(job: Job) -> None:
    """The worker, with the same key, agrees."""
    assert is_signed(job, sign(job, KEY), KEY)


@given(strategies.jobs, strategies.jobs)
def test_a_signature_is_worth_nothing_for_another_job(job: Job, other: Job) -> None:
    """Id, kind, host and options are all signed."""
    assume(
        (job.optimization_id, job.kind, job.host, job.options)
        != (other.optimization_id, other.kind, other.host, other.options)
    )
    assert not is_signed(other, sign(job, KEY), KEY)


@given(strategies.jobs)
def test_without_a_key_nothing_counts_as_signed(job: Job) -> None:
    """Not even a signature made with an empty key."""
    assert not is_signed(job, sign(job, b""), None)
