"""Folders in memory, for what the processes of one program share while they run."""

import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from optimizer.cli.errors import RefusedError

_MEMORY = Path("/dev/shm")  # noqa: S108 - a private folder is made in it


def place(program: str, *facts: object) -> Path:
    """Where this user's program has such a folder; `facts` tell it from others that run beside it.

    In memory, where Linux has a filesystem for that: what is mapped from a disk ends its process when the disk is full.
    """
    base = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    which = sha256("\0".join(map(str, facts)).encode()).hexdigest()[:16]
    return base / f"hro-{os.geteuid()}-{program}-{which}"


def make(folder: Path) -> None:
    """Make it private and empty. Raises RefusedError where it cannot, as where somebody else was there first."""
    remove(folder)
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise RefusedError(f"{folder} cannot be made: {error.strerror}. Remove what is there") from None


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
