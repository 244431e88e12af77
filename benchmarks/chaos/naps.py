"""Slows a worker down between its steps, so that a kill lands inside them, and logs what it comes upon."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from optimizer.host.journal import Journal, State
from optimizer.jobs import Job
from optimizer.ports import Clock, Progress
from optimizer.runner import Analysis, Handler

#: The longest nap between an intent, its effect and the outcome, and around a job's look at its host, in seconds
_STEP_NAP, _LOOK_NAP = 0.06, 0.25
#: States that say what is about to be done
_BEGUN_STATES = (State.INTENDED, State.RESTORING, State.PURGING)

BEGUN, IN_DOUBT = "chaos_begun", "chaos_in_doubt"

log = structlog.get_logger(__name__)


class NappingJournal(Journal):
    """The journal, with naps between the intent, the effect and its outcome."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path, clock)
        self._begun: set[tuple[str, int]] = set()  #: the actions that this process is at

    def note(self, optimization_id: str, number: int, state: State, **facts: Any) -> None:
        action = (optimization_id, number)
        if state in _BEGUN_STATES:
            super().note(optimization_id, number, state, **facts)
            self._begun.add(action)
            _nap(_STEP_NAP)
        else:
            _nap(_STEP_NAP)
            super().note(optimization_id, number, state, **facts)
            if action not in self._begun:  # the outcome of what a process began that was killed
                log.info(IN_DOUBT, of=optimization_id, number=number, state=state.value)
            self._begun.discard(action)


def napping(handler: Handler) -> Handler:
    """The same handler, slower; it says when it begins."""
    if isinstance(handler, Analysis):
        return replace(handler, look=_slowed(handler.look))
    return replace(handler, analyze=_slowed(handler.analyze))


def _slowed(look: Callable[[Job, Progress], Any]) -> Callable[[Job, Progress], Any]:
    def slowed(job: Job, progress: Progress) -> Any:
        log.info(BEGUN)  # the line carries the job's id and the number of the attempt
        _nap(_LOOK_NAP)
        found = look(job, progress)
        _nap(_LOOK_NAP)
        return found

    return slowed


def _nap(longest: float) -> None:
    time.sleep(random.uniform(0, longest))
