"""`hro key new`: makes an API key. The service keeps only its SHA-256; the key itself is shown once."""

import argparse
import base64
import fcntl
import hashlib
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from optimizer import settings as configuration
from optimizer.cli.errors import Exit, UsageError
from optimizer.host.clock import SystemClock
from optimizer.kinds import Scope

#: The file of a state folder in which `hro up` looks for keys.
KEYS_FILE = "api-keys.json"


def new(arguments: argparse.Namespace) -> int:
    scopes = parse_scopes(arguments.scopes)
    path = arguments.file or configuration.load().state_dir / KEYS_FILE
    key = add_key(path, scopes, SystemClock().now())
    print(key)
    print(f"Added to {path} with scopes {','.join(scopes)}. It is not shown again.", file=sys.stderr)
    return Exit.DONE


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """Scopes from a list with commas. Raises UsageError."""
    try:
        return tuple(dict.fromkeys(Scope(part.strip()) for part in text.split(",")))
    except ValueError as error:
        raise UsageError(f"{error}; the scopes are {', '.join(Scope)}") from None


def add_key(path: Path, scopes: Sequence[Scope], now: datetime) -> str:
    """Make a key `hro_<id>_<secret>` and add its row to the file, which is made where it is missing."""
    key_id = base64.b32encode(secrets.token_bytes(5)).decode().lower()
    key = f"hro_{key_id}_{secrets.token_urlsafe(32)}"
    row = {
        "id": key_id,
        "sha256": hashlib.sha256(key.encode()).hexdigest(),
        "scopes": [scope.value for scope in scopes],
        "created": now.isoformat(timespec="seconds"),
    }
    path = Path(os.path.realpath(path))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two keys made at once are both kept
        _replace(path, json.dumps([*_rows(path), row], indent=2) + "\n")
        os.fsync(folder)
    finally:
        os.close(folder)
    return key


def _rows(path: Path) -> list[Any]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8") or "[]")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as a file of API keys: {error}") from None
    if not isinstance(rows, list):
        raise UsageError(f"{path} is not a file of API keys: a list is expected")
    return rows


def _replace(path: Path, text: str) -> None:
    """The whole file or none of it, for its owner alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            if path.exists():  # root adds a key, and the service's own user can still read the file
                os.fchown(file.fileno(), path.stat().st_uid, path.stat().st_gid)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
