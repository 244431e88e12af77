"""When a run is stopped before its end. Pure."""

from dataclasses import dataclass

from optimizer.plans import Outcome, OutcomeStatus

#: Codes of outcomes that say that a file is not what it was when it was planned …
_CHANGED = frozenset({"stale", "path_not_found", "ENOENT"})
#: … and of those that say that the disk itself is in trouble
_BROKEN = frozenset({"EIO", "EROFS", "EUCLEAN", "ENODEV", "ENXIO", "ESTALE"})
#: Where so many of its actions find that the world has changed since they were planned, the plan is wrong
SURPRISES = 0.01
#: Free space that is lost while it should be won, as a part of the filesystem: somebody fills it faster
_LOSS = 0.01


@dataclass(slots=True)
class Breaker:
    """Watches a run of so many actions; once it has tripped it stays so."""

    planned: int
    total_bytes: int
    free_at_start: int
    surprises: int = 0
    tripped: str | None = None

    def saw(self, outcome: Outcome) -> None:
        """Take note of what became of an action."""
        if outcome.status is OutcomeStatus.DONE or self.tripped:
            return
        if outcome.code in _BROKEN:
            self.tripped = f"Stopped: the disk is in trouble ({outcome.reason})."
            return
        self.surprises += outcome.code in _CHANGED
        if self.surprises and self.surprises >= self.planned * SURPRISES:
            self.tripped = f"Stopped: {self.surprises} of {self.planned} files had changed since they were planned."

    def saw_free(self, free_bytes: int) -> None:
        """Take note of what is free now."""
        if not self.tripped and free_bytes < self.free_at_start - self.total_bytes * _LOSS:
            self.tripped = "Stopped: free space falls while it is reclaimed; something else fills the disk."
