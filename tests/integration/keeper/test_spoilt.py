"""A real keeper beside somebody who writes to its Redis by hand."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from celery import Celery

from optimizer import settings as configuration
from optimizer.cli.stack.programs import service
from optimizer.cli.stack.redis import free_port
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.store import keys
from optimizer.store.connection import PATIENT, connect
from tests.processes import eventually
from tests.rabbit import Inbox
from workers.app import broker_url


@pytest.fixture
def keeper(redis_url: str, rabbitmq_url: str, tmp_path: Path) -> Iterator[tuple[Supervisor, Inbox, Path]]:
    """With the queue that its events arrive on, and its log."""
    environment = configuration.child_environment(
        {
            "HRO_HOST": "here",
            "HRO_PORT": str(free_port()),
            "HRO_REDIS_URL": redis_url,
            "HRO_AMQP_URL": rabbitmq_url,
            "HRO_STATE_DIR": str(tmp_path),
        },
        inherit=False,
    )
    connect(redis_url, PATIENT).flushdb()
    with ExitStack() as stack:
        inbox = stack.enter_context(Inbox(rabbitmq_url))
        supervisor = stack.enter_context(Supervisor(tmp_path / "logs"))
        supervisor.start(*(each for each in service(environment, []) if each.name == "keeper"))
        yield supervisor, inbox, tmp_path / "logs" / "keeper.log"


def test_it_goes_on_with_all_that_is_well(keeper: tuple[Supervisor, Inbox, Path], redis_url: str) -> None:
    """What can be moved is set aside; no duty ends, and the events of what is well arrive."""
    supervisor, inbox, log = keeper
    redis = connect(redis_url, PATIENT)
    redis.lpush("cpu", b"\xff")
    redis.set("memory", "somebody's")
    redis.set("cpu.here", "somebody's")
    for stream in (keys.OUTBOX, keys.CELERY_EVENTS):
        redis.xadd(stream, {"event_id": b"\xff"})
        redis.xadd(stream, {"body": '{"event_type": "' + 300 * "x" + '", "event_id": "1"}'})
    with Celery(broker=broker_url(redis_url)) as stock:
        with stock.events.default_dispatcher() as dispatcher:
            dispatcher.send("task-succeeded", uuid="1", runtime="long")
        sent = [stock.send_task(f"optimizer.analyze_{name}", queue=name).id for name in ("cpu", "docker")]
    arrived = {event.body["optimization_id"] for event in inbox.take(2)}
    assert arrived >= set(sent)
    assert eventually(lambda: redis.llen(keys.SET_ASIDE) == 5)
    assert eventually(lambda: "queue_spoilt" in log.read_text() and "not_reconciled" in log.read_text())
    supervisor.check()
    assert "keeper_broke" not in log.read_text()
