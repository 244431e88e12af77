"""The host's own record of every object that a job touched: the truth about effects, for undo and for audit.

One SQLite file a host, written before and after each effect and flushed each time. `actions` has the present state of
each action; `audit` has every step as it happened, each row chained to the one before by a hash, so that a row that
was changed or taken out later is found.
"""

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from optimizer.host.journal_file import JournalFile
from optimizer.ports import Clock
from optimizer.values import JsonObject

_FIRST_HASH = "0" * 64


class State(StrEnum):
    """What is known of an action's effect."""

    INTENDED = "intended"  #: begun; after a crash the world tells whether it happened
    QUARANTINED = "quarantined"  #: what there was waits in quarantine, for undo or purge
    REPLACED = "replaced"  #: what there was can be made anew from what took its place
    DONE = "done"  #: happened, and leaves nothing that could be undone or purged
    RESTORING = "restoring"  #: an undo has begun
    RESTORED = "restored"
    PURGING = "purging"  #: a purge has begun
    PURGED = "purged"
    WITHDRAWN = "withdrawn"  #: intended, and did not happen


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An action as the journal has it."""

    optimization_id: str
    number: int
    state: State
    at: str  #: of its last step, RFC 3339 in UTC
    facts: JsonObject  #: all that was noted of it, later steps over earlier ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a policy wanted to free, and what it freed."""

    at: datetime
    wanted_bytes: int
    freed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    rows: int
    broken_at: int | None  #: the first row whose hash does not follow from the row before
    head: str  #: the last hash; kept elsewhere, it shows that no later row was taken off the end


class Journal:
    def __init__(self, path: Path, clock: Clock) -> None:
        self.file = JournalFile(path)
        self._clock = clock

    def note(self, optimization_id: str, number: int, state: State, **facts: Any) -> None:
        """Write a step of an action, and return once it is on disk. Raises JournalError, FencedOutError."""
        at = self._clock.now().isoformat()
        self.file.write(partial(_note, at=at, optimization_id=optimization_id, number=number, state=state, facts=facts))

    def of_job(self, optimization_id: str) -> list[Entry]:
        """A job's actions, in their order."""
        return self._entries("optimization_id = ? ORDER BY number", optimization_id)

    def entry(self, optimization_id: str, number: int) -> Entry | None:
        """One action, None where the journal knows no such."""
        found = self._entries("optimization_id = ? AND number = ?", optimization_id, number)
        return found[0] if found else None

    def in_state(self, state: State, *, before: str = "9999") -> list[Entry]:
        """All actions in a state whose last step was before a moment, oldest first."""
        return self._entries("state = ? AND at < ? ORDER BY at", state.value, before)

    def quarantined(self) -> list[JsonObject]:
        """What waits on this host: `optimization_id`, `files`, `bytes` on disk and `since`, a row for each job."""
        with self.file.reading() as database:
            rows = database.execute(
                "SELECT optimization_id, COUNT(*), SUM(json_extract(facts, '$.allocated_bytes')), MIN(at) "
                "FROM actions WHERE state = ? GROUP BY optimization_id ORDER BY MIN(at)",
                (State.QUARANTINED.value,),
            ).fetchall()
        names = ("optimization_id", "files", "bytes", "since")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def note_run(self, policy: str, *, wanted_bytes: int, freed_bytes: int) -> None:
        """Write down what a policy wanted and got. Raises JournalError."""
        row = (policy, self._clock.now().isoformat(), wanted_bytes, freed_bytes)
        self.file.write(lambda database: database.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", row))

    def runs(self, policy: str, limit: int) -> list[Run]:
        """What a policy did before, newest first."""
        query = "SELECT at, wanted_bytes, freed_bytes FROM runs WHERE policy = ? ORDER BY at DESC LIMIT ?"
        with self.file.reading() as database:
            rows = database.execute(query, (policy, limit)).fetchall()
        return [
            Run(at=datetime.fromisoformat(at), wanted_bytes=wanted, freed_bytes=freed) for at, wanted, freed in rows
        ]

    def verify(self) -> Verification:
        """Follow the chain from its first row to its last."""
        expected, rows = _FIRST_HASH, 0
        with self.file.reading() as database:
            for sequence, stored, *row in database.execute(
                "SELECT sequence, hash, at, optimization_id, number, step, facts FROM audit ORDER BY sequence"
            ):
                rows += 1
                expected = _chained(expected, tuple(row))
                if stored != expected or sequence != rows:
                    return Verification(rows=rows, broken_at=sequence, head=stored)
        return Verification(rows=rows, broken_at=None, head=expected)

    def _entries(self, condition: str, *values: str | int) -> list[Entry]:
        query = f"SELECT optimization_id, number, state, at, facts FROM actions WHERE {condition}"  # noqa: S608 - ours
        with self.file.reading() as database:
            return [
                Entry(optimization_id=job, number=number, state=State(state), at=at, facts=json.loads(facts))
                for job, number, state, at, facts in database.execute(query, values)
            ]


def _note(
    database: sqlite3.Connection, *, at: str, optimization_id: str, number: int, state: State, facts: JsonObject
) -> None:
    known = database.execute(
        "SELECT facts FROM actions WHERE optimization_id = ? AND number = ?", (optimization_id, number)
    ).fetchone()
    merged = (json.loads(known[0]) if known else {}) | dict(facts)
    database.execute(
        "INSERT OR REPLACE INTO actions VALUES (?, ?, ?, ?, ?)",
        (optimization_id, number, state.value, at, _canonical(merged)),
    )
    row = (at, optimization_id, number, state.value, _canonical(facts))
    last = database.execute("SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1").fetchone()
    database.execute(
        "INSERT INTO audit (at, optimization_id, number, step, facts, hash) VALUES (?, ?, ?, ?, ?, ?)",
        (*row, _chained(last[0] if last else _FIRST_HASH, row)),
    )


def _canonical(facts: JsonObject) -> str:
    return json.dumps(dict(facts), sort_keys=True, separators=(",", ":"))


def _chained(previous: str, row: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps([previous, *row]).encode()).hexdigest()
