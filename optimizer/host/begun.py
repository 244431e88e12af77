"""Which attempt at a job acts on this host, and by which plan: a second attempt goes on where the first one died."""

import sqlite3
import zlib
from dataclasses import dataclass
from functools import partial

from optimizer.errors import FencedOutError
from optimizer.host.holder import Holder, holder_from_text
from optimizer.host.journal_file import Claim, JournalFile
from optimizer.plans import Plan


@dataclass(frozen=True, slots=True)
class BegunJobs:
    file: JournalFile

    def begin(self, claim: Claim, holder: Holder) -> bool:
        """From now on this process acts; whether another one has begun before. If that is still there it is ended.

        It may have been stopped in the middle of a write to this very file: so first it is ended, then we write.
        Raises FencedOutError where a later attempt has begun, JournalError.
        """
        earlier = self._holder_before(claim)
        if earlier:
            earlier.kill()  # its lease is over, and it does not know
        self.file.write(partial(_begin, claim=claim, holder=holder))
        return earlier is not None

    def _holder_before(self, claim: Claim) -> Holder | None:
        query = "SELECT fence, holder FROM begun WHERE optimization_id = ?"
        with self.file.reading() as database:
            found = database.execute(query, (claim.optimization_id,)).fetchone()
        if found and found[0] > claim.fence:
            raise FencedOutError(optimization_id=claim.optimization_id)
        return holder_from_text(found[1]) if found else None

    def keep_plan(self, optimization_id: str, plan: Plan) -> None:
        """Write down what is going to be done. Raises JournalError, FencedOutError."""
        packed = zlib.compress(plan.model_dump_json().encode())
        self.file.write(
            lambda database: database.execute(
                "UPDATE begun SET plan = ? WHERE optimization_id = ?", (packed, optimization_id)
            )
        )

    def plan_of(self, optimization_id: str) -> Plan | None:
        """What an attempt that died was going to do; None where none did. Raises JournalError."""
        with self.file.reading() as database:
            query = "SELECT plan FROM begun WHERE optimization_id = ? AND plan IS NOT NULL"
            found = database.execute(query, (optimization_id,)).fetchone()
        return Plan.model_validate_json(zlib.decompress(found[0])) if found else None

    def end(self, optimization_id: str) -> None:
        """How the job ended is recorded: it needs no further attempt, and no plan. Raises JournalError."""
        query = "UPDATE begun SET plan = NULL WHERE optimization_id = ? AND plan IS NOT NULL"
        self.file.write(lambda database: database.execute(query, (optimization_id,)))


def _begin(database: sqlite3.Connection, *, claim: Claim, holder: Holder) -> None:
    changed = database.execute(
        "INSERT INTO begun (optimization_id, fence, holder) VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
        "SET fence = excluded.fence, holder = excluded.holder WHERE fence <= excluded.fence",
        (claim.optimization_id, claim.fence, holder.to_text()),
    ).rowcount
    if not changed:
        raise FencedOutError(optimization_id=claim.optimization_id)
