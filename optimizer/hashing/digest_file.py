"""The digests that a host keeps, in an SQLite file that several processes may use at once. Standard library only."""

import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

from optimizer.ports import FileKey, KeptDigests

#: Names the layout of tables and of what is packed in them. A file of another layout is made anew.
_LAYOUT = 1
_TABLES = """
CREATE TABLE folders (
    key TEXT PRIMARY KEY,       -- algorithm, device and inode of the folder
    at REAL NOT NULL,           -- when the oldest digest was made
    packed BLOB NOT NULL,
    shared INTEGER NOT NULL     -- where it stands in what is shared, 0: not there yet
);
CREATE INDEX folders_by_age ON folders (at);
CREATE INDEX folders_to_share ON folders (shared);
CREATE TABLE answers (
    key BLOB PRIMARY KEY,       -- what was asked
    at REAL NOT NULL,           -- when the oldest digest was made that it rests on
    state BLOB NOT NULL,        -- of all files, as they were
    facts BLOB NOT NULL,
    content BLOB NOT NULL
);
CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
#: Seconds to wait for another process that writes.
_PATIENCE = 10.0
_PAUSE = 0.01
#: Folders that are asked for in one statement.
_TOGETHER = 500
#: What one entry takes beside its content, about.
_OVERHEAD = 64


class KeptAnswer(NamedTuple):
    """An answer that was given before, for whoever asks the same of files in the same state."""

    at: float
    state: bytes
    facts: bytes
    content: bytes


class DigestFile:
    """One connection. Not for use after a fork: open another one. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: str) -> Self:
        """The file, made where there is none, and made anew where it is damaged or of another layout.

        Raises sqlite3.Error and OSError.
        """
        try:
            return cls(_connect(path))
        except sqlite3.DatabaseError as error:
            if not forget_if_damaged(path, error):
                raise
        return cls(_connect(path))

    def close(self) -> None:
        self._connection.close()

    def get(self, algorithm: str, folder: FileKey, since: float) -> KeptDigests | None:
        row = self._connection.execute(
            "SELECT at, packed FROM folders WHERE key = ? AND at >= ?", (_name(algorithm, folder), since)
        ).fetchone()
        return KeptDigests(*row) if row else None

    def get_many(self, algorithm: str, folders: Sequence[FileKey], since: float) -> dict[FileKey, KeptDigests]:
        found = ((folder, self.get(algorithm, folder, since)) for folder in folders)
        return {folder: kept for folder, kept in found if kept}

    def put_many(self, algorithm: str, folders: Iterable[tuple[FileKey, KeptDigests]], *, shared: int = 0) -> None:
        """In one transaction, instead of what there was."""
        rows = ((_name(algorithm, folder), kept.at, kept.packed, shared) for folder, kept in folders)
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?, ?, ?)", rows)

    def answer(self, key: bytes, since: float) -> KeptAnswer | None:
        row = self._connection.execute(
            "SELECT at, state, facts, content FROM answers WHERE key = ? AND at >= ?", (key, since)
        ).fetchone()
        return KeptAnswer(*row) if row else None

    def put_answer(self, key: bytes, answer: KeptAnswer) -> None:
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", (key, *answer))

    def make_room(self, room: int, since: float) -> None:
        """Forget what is too old, and then the oldest, until no more than `room` bytes are kept."""
        with self._connection:
            for table, content in (("answers", "content"), ("folders", "packed")):
                # The names are those of the line above
                self._connection.execute(f"DELETE FROM {table} WHERE at < ?", (since,))  # noqa: S608
                room -= self._drop_oldest(table, content, max(0, room))
        self._connection.execute("PRAGMA incremental_vacuum")

    def _drop_oldest(self, table: str, content: str, room: int) -> int:
        """Returns the bytes that are left."""
        size = f"length({content}) + {_OVERHEAD}"
        (total,) = self._connection.execute(f"SELECT coalesce(sum({size}), 0) FROM {table}").fetchone()  # noqa: S608
        while total > room:
            oldest = self._connection.execute(
                f"SELECT rowid, {size} FROM {table} ORDER BY at LIMIT {_TOGETHER}"  # noqa: S608
            ).fetchall()
            for row, bytes_ in oldest:
                if total <= room:
                    break
                self._connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))  # noqa: S608
                total -= bytes_
        return int(total)

    def to_share(self, limit: int) -> list[tuple[str, KeptDigests]]:
        """Folders that nobody else has been told of, by their names."""
        rows = self._connection.execute(
            "SELECT key, at, packed FROM folders WHERE shared = 0 LIMIT ?", (limit,)
        ).fetchall()
        return [(name, KeptDigests(at, packed)) for name, at, packed in rows]

    def set_shared(self, names: Iterable[str], place: int) -> None:
        with self._connection:
            rows = ((place, name) for name in names)
            self._connection.executemany("UPDATE folders SET shared = ? WHERE key = ?", rows)

    def take_shared(self, folders: Iterable[tuple[str, KeptDigests, int]]) -> None:
        """What others found, and its place. What is here and newer stays."""
        with self._connection:
            self._connection.executemany(
                "INSERT INTO folders VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
                "at = excluded.at, packed = excluded.packed, shared = excluded.shared WHERE at < excluded.at",
                ((name, *kept, place) for name, kept, place in folders),
            )

    def mark(self, name: str) -> int:
        """A number that was set; 0 before."""
        row = self._connection.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def set_mark(self, name: str, value: int) -> None:
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))


def _name(algorithm: str, folder: FileKey) -> str:
    return f"{algorithm}:{folder.device}:{folder.inode}"


def _connect(path: str) -> sqlite3.Connection:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120 - pathlib is slow to import
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=_PATIENCE)
    try:
        connection.execute("PRAGMA page_size = 65536")  # an answer may have very many of the usual ones
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _set_mode(connection)
        # What a loss of power takes is read again; it leaves no half of a transaction behind
        connection.execute("PRAGMA synchronous = NORMAL")
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        if layout != _LAYOUT:
            _make_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_mode(connection: sqlite3.Connection) -> None:
    """A log beside the file, so that readers wait for no writer. Of two at once, SQLite refuses one, and at once."""
    for _ in range(int(_PATIENCE / _PAUSE)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(_PAUSE)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")


def _make_tables(connection: sqlite3.Connection) -> None:
    """Two may be at it at once: who comes second finds them made."""
    connection.execute("BEGIN IMMEDIATE")
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    if layout != _LAYOUT:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            connection.execute(f'DROP TABLE "{table}"')
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_LAYOUT}")
    connection.commit()


def forget_if_damaged(path: str, error: sqlite3.Error | OSError) -> bool:
    """Remove the file if what went wrong is its own fault, and not that of a full disk, say."""
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.OperationalError):
        return False
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{end}")  # noqa: PTH108 - as above
    return True
