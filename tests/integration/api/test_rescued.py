"""What the keeper had to put right, as Prometheus reads it."""

import time

from flask.testing import FlaskClient

from tests.fakes.submitted import new_job
from tests.integration.conftest import Store


def test_rescued_jobs_are_counted_by_reason(client: FlaskClient, store: Store) -> None:
    """From zero on, so that an alert sees the first one."""
    before = client.get("/metrics").text
    assert 'hardware_optimizer_jobs_rescued_total{reason="lease_over"} 0.0' in before
    store.jobs.submit(new_job())
    store.redis.delete("cpu.here")
    time.sleep(0.002)  # a job is missed once its millisecond is over
    store.reconciler.reconcile()
    after = client.get("/metrics").text
    assert 'hardware_optimizer_jobs_rescued_total{reason="message_lost"} 1.0' in after
    assert "hardware_optimizer_jobs_delayed 0.0" in after
