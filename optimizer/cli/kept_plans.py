"""The plans that `hro plan` made and `hro apply` may do: a file each in HRO_STATE_DIR, for their owner alone."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from optimizer.errors import JobNotFoundError, PlanAppliedError, PlanExpiredError
from optimizer.plans import Plan
from optimizer.ports import Clock
from optimizer.values import Value

#: A plan that is too old to be applied is still told from one that there never was, for so long
_KEPT = timedelta(days=1)
_ID = re.compile(r"[0-9a-f-]{36}")


class KeptPlan(Value):
    kind: str
    made_at: datetime
    plan: Plan


@dataclass(frozen=True, slots=True)
class KeptPlans:
    folder: Path
    minutes: int  #: that a plan may be applied
    clock: Clock

    def keep(self, optimization_id: str, kind: str, plan: Plan) -> None:
        """Write it down, and drop those that are too old. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._drop_old()
        text = KeptPlan(kind=kind, made_at=self.clock.now(), plan=plan).model_dump_json()
        descriptor = os.open(self._path(optimization_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)

    def load(self, optimization_id: str) -> KeptPlan:
        """Raises JobNotFoundError, PlanExpiredError."""
        try:
            kept = KeptPlan.model_validate(json.loads(self._path(optimization_id).read_text()), strict=False)
        except FileNotFoundError:
            raise JobNotFoundError(f"There is no plan {optimization_id} here; make one with hro plan.") from None
        if self.clock.now() - kept.made_at > timedelta(minutes=self.minutes):
            raise PlanExpiredError
        return kept

    @contextmanager
    def held(self, optimization_id: str) -> Iterator[KeptPlan]:
        """A plan that no other process applies at the same time: the journal would take both for one job.

        Raises JobNotFoundError, PlanExpiredError, PlanAppliedError.
        """
        kept = self.load(optimization_id)
        with self._path(optimization_id).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PlanAppliedError(optimization_id=optimization_id) from None
            yield kept

    def _path(self, optimization_id: str) -> Path:
        if not _ID.fullmatch(optimization_id):
            raise JobNotFoundError(f"{optimization_id} is no id of a plan.")
        return self.folder / f"{optimization_id}.json"

    def _drop_old(self) -> None:
        limit = (self.clock.now() - _KEPT).timestamp()
        for path in self.folder.glob("*.json"):
            if path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)
