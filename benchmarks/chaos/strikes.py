"""Does to a running service what the schedule says."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.chaos.faults import Deed, Fault, Part
from benchmarks.chaos.stack import Place, Stack
from optimizer.kinds import Resource


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that was done."""

    at: float  #: seconds from the start
    deed: Deed
    part: Part
    name: str  #: of the program that was hit
    seconds: float

    @property
    def is_kill(self) -> bool:
        return self.deed.value.startswith("kill")


@dataclass
class Striker:
    stack: Stack
    faults: Sequence[Fault]
    started: float  #: on the monotonic clock
    strikes: list[Strike] = field(default_factory=list)
    _next: int = 0
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def step(self) -> None:
        """Do what is due by now: faults, and the ends of those that last."""
        now = time.monotonic() - self.started
        while self._next < len(self.faults) and self.faults[self._next].at <= now:
            self._strike(self.faults[self._next], now)
            self._next += 1
        for due in [each for each in self._later if each[0] <= now]:
            self._later.remove(due)
            due[1]()

    def end(self) -> None:
        """No fault lasts any longer."""
        self._next = len(self.faults)
        self._later.clear()
        self.stack.disk.empty()
        self.stack.resume()

    def _strike(self, fault: Fault, now: float) -> None:
        name = self._hit(fault, now)
        if name:
            self.strikes.append(Strike(round(now, 2), fault.deed, fault.part, name, round(fault.seconds, 2)))

    def _hit(self, fault: Fault, now: float) -> str | None:
        """The name of what was hit; None where nothing of the kind runs at the moment."""
        if fault.part is Part.DISK:
            self.stack.disk.fill()
            self._later.append((now + fault.seconds, self.stack.disk.empty))
            return "disk"
        if fault.part is Part.RABBITMQ:
            return "rabbitmq" if self.stack.broker and self.stack.broker.kill() else None
        places = self.stack.of(fault.part)
        if not places:
            return None
        # Only jobs of storage move files, and so its worker is hit as often as three others together
        places += [place for place in places if place.program.name == f"worker-{Resource.STORAGE}"] * 2
        place = places[int(fault.choice * len(places))]
        victim = self._victim(fault, place)
        if victim is None:
            return None
        number = signal.SIGKILL if fault.is_kill else signal.SIGSTOP
        _send(victim, number)
        if number == signal.SIGSTOP:
            self._later.append((now + fault.seconds, lambda: _send(victim, signal.SIGCONT)))
        return place.program.name

    def _victim(self, fault: Fault, place: Place) -> int | None:
        """A process; minus its number stands for its whole group, as for kill(2)."""
        if fault.deed in (Deed.KILL, Deed.STOP):
            return -place.pid
        if fault.deed is Deed.KILL_PARENT:
            return place.pid
        pool = place.pool()
        return random.Random(fault.choice).choice(pool) if pool else None


@contextmanager
def paused(place: Place) -> Iterator[None]:
    """A program and all of its processes, stopped for as long as this lasts."""
    _send(-place.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        _send(-place.pid, signal.SIGCONT)


def _send(victim: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        if victim < 0:
            os.killpg(-victim, number)
        else:
            os.kill(victim, number)
