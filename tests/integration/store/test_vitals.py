"""Signs of life in Redis."""

from optimizer.store.vitals import FORGOTTEN_SECONDS, GONE_SECONDS
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store


def test_a_worker_is_alive_as_long_as_it_is_heard_of(store: Store) -> None:
    """Then it counts as gone, and after a month nobody speaks of it."""
    store.vitals.beat("cpu@here", {"host": "here"})
    assert store.vitals.workers()["cpu@here"]["alive"] is True
    store.clock.move(GONE_SECONDS + 1)
    assert store.vitals.workers()["cpu@here"]["alive"] is False
    store.clock.move(FORGOTTEN_SECONDS)
    assert store.vitals.workers() == {}
    assert store.redis.hlen("hro:workers") == 0


def test_a_worker_that_left_in_good_order_is_not_missed(store: Store) -> None:
    """It said so itself."""
    store.vitals.beat("cpu@here", {"host": "here"})
    store.vitals.leave("cpu@here")
    assert store.vitals.workers() == {}


def test_a_queue_knows_what_waits_on_it(store: Store) -> None:
    """A job waits until it is claimed, whatever became of its message."""
    first, second = new_job(), new_job()
    store.jobs.submit(first)
    store.jobs.submit(second)
    store.redis.delete(first.queue)
    store.attempts.claim(first, "cpu@here/1", 7)
    assert [(queue.name, queue.waiting) for queue in store.vitals.queues()] == [("cpu.here", 1)]
