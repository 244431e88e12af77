"""The service on servers of its own, each of whose programs is started again whenever it has ended."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from benchmarks.chaos.broker import Broker
from benchmarks.chaos.disk import small_disk
from benchmarks.chaos.faults import Part
from benchmarks.chaos.inbox import Inbox
from benchmarks.chaos.programs import environment, programs
from optimizer import settings as configuration
from optimizer.cli.keys import add_key
from optimizer.cli.stack import scratch
from optimizer.cli.stack.child import Child, end_all
from optimizer.cli.stack.programs import local_address
from optimizer.cli.stack.redis import find_server, private_redis
from optimizer.cli.stack.supervisor import Program
from optimizer.host.clock import SystemClock
from optimizer.kinds import Resource, Scope

#: How long a program that ended stays away, in seconds
_SHORTEST_ABSENCE, _LONGEST_ABSENCE = 0.2, 2.0
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.1


@dataclass
class Place:
    """Where a program runs: the one of now, and all that ran there before."""

    part: Part
    program: Program
    runs: list[Child] = field(default_factory=list)
    back_at: float | None = None  #: on the monotonic clock, while it is away

    @property
    def is_up(self) -> bool:
        return bool(self.runs) and not self.runs[-1].ended

    @property
    def pid(self) -> int:
        return self.runs[-1].pid

    def start(self, logs: Path) -> None:
        if self.program.scratch:
            scratch.make(self.program.scratch)
        program, log = self.program, logs / f"{self.program.name}-{len(self.runs)}.log"
        child = Child(program.name, program.command, log, environment=program.environment, folder=program.folder)
        self.runs.append(child)
        self.back_at = None

    def is_ready(self) -> bool:
        return self.is_up and self.program.is_ready(self.pid)

    def pool(self) -> list[int]:
        """The processes that it has started itself."""
        with suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(self.pid).children()]
        return []


class Stack:
    """A context: entered, everything runs; left, nothing does. Of the main thread, to which its programs are tied."""

    def __init__(
        self, folder: Path, resources: Iterable[Resource], *, worker: str, hosts: int, with_broker: bool = True
    ) -> None:
        """`worker`: the module of the workers' app. `hosts`: how many have a keeper and a beat."""
        self.folder, self.logs = folder, folder / "logs"
        self._resources, self._worker, self._hosts = tuple(resources), worker, hosts
        self._with_broker = with_broker
        self.places: list[Place] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.disk = stack.enter_context(small_disk(self.folder / "disk"))
            self.data, self.state = self.disk.folder / "data", self.disk.folder / "state"
            for made in (self.data, self.state):
                made.mkdir()
            self.broker = stack.enter_context(Broker(self.folder / "rabbitmq")) if self._with_broker else None
            self.inbox = stack.enter_context(Inbox(self.broker.url)) if self.broker else None
            stack.callback(self._end)
            self._make_places()
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _make_places(self) -> None:
        redis = private_redis(find_server(), self.folder / "redis")
        self.redis_url = redis.url
        self.places.append(Place(Part.REDIS, redis.program))
        self.key = add_key(self.folder / "keys.json", list(Scope), SystemClock().now())
        self.environment = environment(
            self.folder, self.disk.folder, redis_url=redis.url, amqp_url=self.broker.url if self.broker else None
        )
        self.address = local_address(configuration.load(self.environment))
        found = programs(self.environment, self.folder, self._resources, worker=self._worker, hosts=self._hosts)
        self.places += [Place(part, program) for part, program in found]

    def _start(self) -> None:
        redis, *others = self.places
        for stage in ([redis], others):
            for place in stage:
                place.start(self.logs)
            for place in stage:
                if not self.until(place.is_ready):
                    raise RuntimeError(f"{place.program.name} is not ready:\n{place.runs[-1].tail()}")

    def _end(self) -> None:
        self.resume()
        for part in (Part.WORKER, Part.BEAT, Part.KEEPER, Part.API, Part.REDIS):
            end_all(run for place in self.places if place.part is part for run in place.runs)
        for folder in filter(None, (place.program.scratch for place in self.places)):
            scratch.remove(folder)

    def of(self, part: Part) -> list[Place]:
        """The places of a part whose programs run."""
        return [place for place in self.places if place.part is part and place.is_up]

    def tend(self) -> None:
        """Start again what has ended, after a while."""
        now = time.monotonic()
        for place in self.places:
            if place.is_up or not place.runs:
                continue
            if place.back_at is None:
                place.back_at = now + random.uniform(_SHORTEST_ABSENCE, _LONGEST_ABSENCE)
            elif now >= place.back_at:
                place.start(self.logs)

    def resume(self) -> None:
        """Let everything go on that is stopped."""
        for run in (run for place in self.places for run in place.runs):
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGCONT)

    def until(self, holds: Callable[[], bool], patience: float = _PATIENCE_SECONDS) -> bool:
        """Wait, tending, until something holds; whether it came to."""
        deadline = time.monotonic() + patience
        while not holds():
            if time.monotonic() > deadline:
                return False
            self.tend()
            time.sleep(_LOOK_SECONDS)
        return True
