"""Who may stop a job between two of its actions. Pure."""

from typing import Protocol

from optimizer.plans import Outcome


class Guard(Protocol):
    def reason_to_stop(self) -> str | None:
        """Why no further action is to be done; None where nothing speaks against it."""

    def saw(self, outcome: Outcome) -> None:
        """Take note of what became of an action."""


class Unguarded:
    """For a job that was asked for by name: all of its plan is wanted."""

    def reason_to_stop(self) -> str | None:
        return None

    def saw(self, outcome: Outcome) -> None:
        pass
