"""Slows a worker down between its steps, so that a kill lands inside them, and logs what it comes upon."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from optimizer.host.journal import Entry, Journal, State
from optimizer.jobs import Job
from optimizer.ports import Progress
from optimizer.runner import Analysis, Handler

#: The longest nap before and after a step of the journal, and around a job's look at its host, in seconds
_STEP_NAP, _LOOK_NAP = 0.02, 0.15
#: States that only a job which was killed leaves behind
_IN_DOUBT = (State.INTENDED, State.RESTORING, State.PURGING)

BEGUN, IN_DOUBT = "chaos_begun", "chaos_in_doubt"

log = structlog.get_logger(__name__)


class NappingJournal(Journal):
    """The journal, with naps between the intent, the effect and its outcome."""

    def note(self, optimization_id: str, number: int, state: State, **facts: Any) -> None:
        _nap(_STEP_NAP)
        super().note(optimization_id, number, state, **facts)
        _nap(_STEP_NAP)

    def in_state(self, state: State, *, before: str = "9999") -> list[Entry]:
        found = super().in_state(state, before=before)
        if state in _IN_DOUBT and before == "9999":  # a job that asks what a crash left, before it acts
            for entry in found:
                log.info(IN_DOUBT, of=entry.optimization_id, number=entry.number, state=state.value)
        return found


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
