"""Clients in threads, which together submit so many jobs in so many seconds."""

import random
import threading
import time
from dataclasses import dataclass, field

import requests

from benchmarks.chaos.client import UnansweredError
from benchmarks.chaos.stories import TROUBLES, Stories

#: More than wait for something at a time
_THREADS = 40
_PAUSE_SECONDS = 0.05


@dataclass
class Load:
    stories: Stories
    seed: int
    jobs: int
    seconds: float
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _threads: list[threading.Thread] = field(default_factory=list, init=False)
    _started: float = field(default=0.0, init=False)

    def start(self) -> None:
        self._started = time.monotonic()
        for number in range(_THREADS):
            chance = random.Random(f"{self.seed} {number}")
            thread = threading.Thread(target=self._run, args=[chance], name=f"client-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Begin no more; each client ends its story."""
        self._stop.set()

    @property
    def has_ended(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def is_done(self) -> bool:
        return len(self.stories.ledger.accepted) >= self.jobs

    def _run(self, chance: random.Random) -> None:
        while not self._stop.is_set() and not self.is_done:
            if self._is_ahead():
                self._stop.wait(_PAUSE_SECONDS)
                continue
            try:
                self.stories.tell(chance)
            except (UnansweredError, requests.HTTPError) as error:
                self.stories.ledger.surprise(str(error))
            except TROUBLES:
                self._stop.wait(_PAUSE_SECONDS)  # a client that is told so tries something else later

    def _is_ahead(self) -> bool:
        """Whether more was submitted than is due by now."""
        due = self.jobs * (time.monotonic() - self._started) / self.seconds
        return len(self.stories.ledger.accepted) > due
