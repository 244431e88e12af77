"""A record between Redis and the value."""

from hypothesis import given

from optimizer.jobs import Job, Status
from optimizer.store.records import from_fields, to_fields
from tests import strategies


@given(strategies.jobs)
def test_a_job_survives_its_record(job: Job) -> None:
    """What was submitted is what a worker is given."""
    fields = to_fields(job, "signature") | {"status": "queued", "attempt": "0", "version": "1"}
    record = from_fields(fields)
    assert (record.job, record.status) == (job, Status.QUEUED)
