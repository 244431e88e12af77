"""The SQLite file of the journal: one a host, flushed with each step, which still takes rows on a full disk."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from optimizer.errors import FencedOutError, HroError
from optimizer.host.reserve import Reserve

#: Seconds to wait for another process that writes
_BUSY_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
    sequence INTEGER PRIMARY KEY, at TEXT NOT NULL, optimization_id TEXT NOT NULL, number INTEGER NOT NULL,
    step TEXT NOT NULL, facts TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS actions (
    optimization_id TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL,
    facts TEXT NOT NULL, PRIMARY KEY (optimization_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS begun (
    optimization_id TEXT PRIMARY KEY, fence INTEGER NOT NULL, holder TEXT NOT NULL, plan BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS runs (
    policy TEXT NOT NULL, at TEXT NOT NULL, wanted_bytes INTEGER NOT NULL, freed_bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS actions_by_state ON actions (state, at);
"""
#: A full disk shows as the one or, where the file that all processes share cannot grow, as the other
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


class JournalError(HroError):
    """The journal cannot be read or written, so nothing is changed; see HRO_STATE_DIR."""

    code = "journal"


@dataclass(frozen=True, slots=True)
class Claim:
    """Which attempt at which job writes."""

    optimization_id: str
    fence: int


class JournalFile:
    """For one thread of one process at a time: a connection must not outlive a fork."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reserve = Reserve(path.with_name(path.name + ".reserve"))
        self._session: sqlite3.Connection | None = None
        self._claim: Claim | None = None

    @contextmanager
    def session(self, claim: Claim) -> Iterator[None]:
        """Keep the file open while an attempt acts, with space set aside for a disk that others fill meanwhile.

        Every write in it raises FencedOutError once a later attempt has begun. Raises JournalError.
        """
        with self.reading() as database:
            self._session, self._claim = database, claim
            self._reserve.fill()
            try:
                yield
            finally:
                self._session = self._claim = None

    def allocated(self) -> tuple[int, int]:
        """The device that it is on, and how many bytes it takes there with all that belongs to it. Raises OSError."""
        found = [path.stat() for path in self._path.parent.glob(f"{self._path.name}*")]
        return self._path.parent.stat().st_dev, sum(status.st_blocks for status in found) * 512

    def prepare(self) -> None:
        """Make it, with space set aside, while there is some. Raises JournalError."""
        with self.reading():
            self._reserve.fill()

    def write(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do `work` in a transaction, and return once it is on disk. Raises JournalError, FencedOutError."""
        while True:
            try:
                self._transaction(work)
            except JournalError as error:
                if not (_is_full(error.__cause__) and self._reserve.release()):
                    raise
            else:
                return

    def _transaction(self, work: Callable[[sqlite3.Connection], object]) -> None:
        with self.reading() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                self._require_claim(database)
                work(database)
                database.commit()
            except BaseException:
                database.rollback()
                raise

    def _require_claim(self, database: sqlite3.Connection) -> None:
        if self._claim is None:
            return
        query = "SELECT fence FROM begun WHERE optimization_id = ?"
        found = database.execute(query, (self._claim.optimization_id,)).fetchone()
        if found and found[0] > self._claim.fence:
            raise FencedOutError(optimization_id=self._claim.optimization_id)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The open file. Raises JournalError, also for what fails in it."""
        with _as_journal_error(self._path):
            if self._session:
                yield self._session
                return
            with closing(self._opened()) as database:
                yield database

    def _opened(self) -> sqlite3.Connection:
        """On a full disk, even to read takes some space: for what several processes share."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            database = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")
                database.executescript(_SCHEMA)
            except sqlite3.Error as error:
                database.close()
                if not (_is_full(error) and self._reserve.release()):
                    raise
            else:
                return database


@contextmanager
def _as_journal_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"{JournalError.__doc__} ({path}: {error})") from error


def _is_full(error: BaseException | None) -> bool:
    """Whether the disk had no room for a row."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _NO_ROOM
