"""The state folder of a stack: for one user and one stack at a time, with the secrets that it makes at first."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optimizer.cli.errors import RefusedError, UsageError


def make_private(folder: Path) -> None:
    """See that the folder is there, and that nobody but its owner can look into it if it is new."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"HRO_STATE_DIR={folder} cannot be used: {error.strerror}") from None


@contextmanager
def held(folder: Path) -> Iterator[int]:
    """Hold the folder against a second stack. Raises RefusedError where one runs already.

    Yields the lock's descriptor. Handed to Redis, it keeps the lock as long as that lives: two servers that write to
    one append-only file would ruin it.
    """
    try:
        lock = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"HRO_STATE_DIR={folder} cannot be used: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 32).decode("ascii", "replace").strip()
            raise RefusedError(
                f"{folder} is used by another `hro up`, process {holder or 'unknown'}. Stop that one, or name "
                "another folder: HRO_STATE_DIR"
            ) from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        yield lock
    finally:
        os.close(lock)


def secret_file(path: Path, prefix: str = "") -> Path:
    """The file with 256 random bits as text behind `prefix`, made where it is missing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(prefix + secrets.token_urlsafe(32) + "\n")
    return path
