"""What is done to the service, and when: one seed, one schedule. Pure."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What can be hit."""

    WORKER = "worker"
    API = "api"
    KEEPER = "keeper"
    BEAT = "beat"
    REDIS = "redis"
    RABBITMQ = "rabbitmq"
    DISK = "disk"


class Deed(StrEnum):
    KILL = "kill"  #: SIGKILL to a program and all of its processes
    KILL_PARENT = "kill parent"  #: to a worker alone; its pool is left behind
    KILL_CHILD = "kill child"  #: to one process of a worker's pool
    STOP = "stop"  #: SIGSTOP to a program and all of its processes, later SIGCONT
    STOP_CHILD = "stop child"  #: to one process of a worker's pool
    FILL = "fill"  #: no room is left on the disk, for a while


KILLS = frozenset({Deed.KILL, Deed.KILL_PARENT, Deed.KILL_CHILD})

#: Every deed and its share. The whole deck is dealt before it is shuffled again, so that no run leaves one out.
DECK = (
    *[(Deed.KILL, Part.WORKER)] * 4,
    *[(Deed.KILL_PARENT, Part.WORKER)] * 2,
    *[(Deed.KILL_CHILD, Part.WORKER)] * 6,
    (Deed.KILL, Part.API),
    (Deed.KILL, Part.KEEPER),
    (Deed.KILL, Part.BEAT),
    (Deed.KILL, Part.REDIS),
    (Deed.KILL, Part.RABBITMQ),
    (Deed.STOP, Part.WORKER),
    (Deed.STOP, Part.KEEPER),
    (Deed.STOP, Part.REDIS),
    (Deed.STOP_CHILD, Part.WORKER),
    (Deed.FILL, Part.DISK),
)
#: Seconds between two faults of a long run, on average. A short one deals its deck in the time that it has.
_GAP_SECONDS = 3.5
#: How long something is stopped, or away: shorter and longer than a lease of 3 s and its grace of 5 s
_SHORTEST, _LONGEST = 0.5, 12.0


@dataclass(frozen=True, slots=True)
class Fault:
    at: float  #: seconds from the start
    deed: Deed
    part: Part
    choice: float  #: which of several is hit, from 0 to just below 1
    seconds: float  #: for which it is stopped or full

    @property
    def is_kill(self) -> bool:
        return self.deed in KILLS


def schedule(seed: int, seconds: float, *, with_disk: bool = True) -> list[Fault]:
    """The faults of a run of so many seconds, by time. `with_disk`: whether there is a disk that may be filled."""
    chance = random.Random(seed)
    count = max(len(DECK), round(seconds / _GAP_SECONDS))
    gap = seconds / (count + 1)
    dealt: list[tuple[Deed, Part]] = []
    while len(dealt) < count:
        dealt += chance.sample(DECK, len(DECK))
    faults = [
        Fault((place + chance.random()) * gap, deed, part, chance.random(), chance.uniform(_SHORTEST, _LONGEST))
        for place, (deed, part) in enumerate(dealt[:count], start=1)
    ]
    return [fault for fault in faults if with_disk or fault.part is not Part.DISK]
