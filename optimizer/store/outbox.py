"""Events that wait in Redis streams until somebody has handed them on."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from optimizer.events import Event, EventType
from optimizer.store import keys
from optimizer.store.connection import Scripts, reaching_redis

#: All keepers are one group of consumers: each entry is given to one of them
_GROUP = "keepers"
#: An entry that its keeper has not done with for so long is given to another
_DEAD_MS = 15_000

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    fields: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream, as one keeper reads it. Every entry is read at least once, by some keeper, until it is done."""

    redis: redis.Redis
    scripts: Scripts
    name: str
    consumer: str

    def prepare(self) -> None:
        """Make the group of consumers where it is missing, as it is on a new Redis."""
        with reaching_redis(), suppress(redis.ResponseError):  # BUSYGROUP: it is there
            self.redis.xgroup_create(self.name, _GROUP, id="0", mkstream=True)

    def read(self, count: int, block_ms: int) -> list[Entry]:
        """Entries that no keeper has had; none where none comes within `block_ms`."""
        return self._read(">", count, block_ms)

    def reclaim(self, count: int) -> list[Entry]:
        """Entries that a keeper had and died with."""
        answer = self._ask(lambda: self.redis.xautoclaim(self.name, _GROUP, self.consumer, _DEAD_MS, "0", count=count))
        return _entries(answer[1]) if answer else []

    def unfinished(self, count: int) -> list[Entry]:
        """Entries that this very consumer had before and did not finish."""
        return self._read("0", count)

    def _read(self, after: str, count: int, block_ms: int | None = None) -> list[Entry]:
        answer = self._ask(
            lambda: self.redis.xreadgroup(_GROUP, self.consumer, {self.name: after}, count=count, block=block_ms)
        )
        return [entry for _, entries in answer or [] for entry in _entries(entries)]

    def _ask(self, command: Callable[[], Any]) -> Any:
        """Redis' answer; None where the group is gone, as after a Redis that lost its data. It is made again."""
        try:
            with reaching_redis():
                return command()
        except redis.ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            self.prepare()
            return None

    def done(self, ids: Sequence[str]) -> None:
        """These have been handed on; they are removed."""
        with reaching_redis():
            pipe = self.redis.pipeline(transaction=True)
            pipe.xack(self.name, _GROUP, *ids)
            pipe.xdel(self.name, *ids)
            pipe.execute()

    def set_aside(self, entry: Entry) -> None:
        """It cannot be handed on: it is moved to where an operator can look at it."""
        text = json.dumps({"stream": self.name, "id": entry.id, **entry.fields})
        self.scripts.call("set_aside_entry", self.name, _GROUP, entry.id, text, keys.MOST_SET_ASIDE)


def _entries(raw: Iterable[tuple[str, Fields]]) -> list[Entry]:
    return [Entry(entry_id, fields) for entry_id, fields in raw if fields]


def to_event(fields: Fields) -> dict[str, Any]:
    """The body of an event's message, of an entry of the outbox."""
    event = Event.model_construct(  # our own scripts wrote it, and there may be many to hand on
        event_id=fields["event_id"],
        event_type=EventType(fields["event_type"]),
        host=fields["host"],
        optimization_id=fields["optimization_id"],
        data=json.loads(fields["data"]),
        timestamp=datetime.fromtimestamp(int(fields["timestamp_ms"]) / 1000, UTC),
    )
    return event.model_dump(mode="json")
