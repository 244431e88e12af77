"""Publishing to a real RabbitMQ."""

from collections.abc import Iterator
from typing import Any

import pytest
from kombu.utils.url import url_to_parts

from tests.rabbit import Inbox
from workers.keeper.publisher import Message, Publisher, RabbitUnavailableError


@pytest.fixture
def inbox(rabbitmq_url: str) -> Iterator[Inbox]:
    with Inbox(rabbitmq_url) as bound:
        yield bound


def message(number: int, **data: Any) -> Message:
    return Message("optimization.job.queued", f"id-{number}", {"event_id": f"id-{number}", "data": data})


def test_what_is_published_arrives_with_its_id(rabbitmq_url: str, inbox: Inbox) -> None:
    """Durable, as JSON, under its routing key."""
    with Publisher(rabbitmq_url) as publisher:
        publisher.publish([message(1, freed_mb=2.5)])
    (received,) = inbox.take(1)
    assert received.body == {"event_id": "id-1", "data": {"freed_mb": 2.5}}
    assert (received.message_id, received.is_durable, received.routing_key) == ("id-1", True, "optimization.job.queued")


def test_a_large_batch_is_confirmed_as_a_whole(rabbitmq_url: str, inbox: Inbox) -> None:
    """Each message once, in its order; then the next batch."""
    with Publisher(rabbitmq_url) as publisher:
        publisher.publish([message(number) for number in range(1500)])
        publisher.publish([message(1500)])
    received = [each.body["event_id"] for each in inbox.take(1501)]
    assert received == [f"id-{number}" for number in range(1501)]


def test_an_event_that_no_queue_is_bound_for_is_no_fault(rabbitmq_url: str) -> None:
    """Nobody asked for it; that is confirmed too."""
    with Publisher(rabbitmq_url) as publisher:
        publisher.publish([message(1)])
        publisher.idle()


@pytest.mark.parametrize("url", ["amqp://guest:guest@127.0.0.1:1//", "amqp://nobody:wrong@{place}//"])
def test_a_rabbitmq_that_is_not_to_be_had_is_one_error(rabbitmq_url: str, url: str) -> None:
    """Whether it is away or does not let us in."""
    parts = url_to_parts(rabbitmq_url)
    with pytest.raises(RabbitUnavailableError), Publisher(url.format(place=f"{parts.hostname}:{parts.port}")):
        pass
