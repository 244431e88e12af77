"""`hro demo DIR`: the whole service for a minute, on a folder that it only reads; then nothing of it is left."""

import argparse
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from optimizer.cli import demo_tables as tables
from optimizer.cli.client import Answer, Client
from optimizer.cli.errors import Exit, UsageError
from optimizer.cli.keys import KEYS_FILE, add_key
from optimizer.cli.stack.guard import guarded
from optimizer.cli.stack.programs import local_address, start
from optimizer.cli.stack.redis import free_port
from optimizer.cli.stack.state import secret_file
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.host.clock import SystemClock
from optimizer.kinds import Resource, Scope
from optimizer.values import JsonObject

_SCOPES = (Scope.READ, Scope.PLAN, Scope.APPLY)
#: Seconds from SIGTERM to SIGKILL: the jobs have ended, and all that a worker could save is thrown away
_GRACE_SECONDS = 3.0
_INTERRUPTED = 128 + 2  # as a shell says of a program that SIGINT ended


def run(arguments: argparse.Namespace) -> int:
    folder = _folder(arguments.folder)
    return guarded(lambda: _show(folder, yes=arguments.yes))


def _show(folder: Path, *, yes: bool) -> int:
    try:
        with (
            tempfile.TemporaryDirectory(prefix="hro-demo-") as state,
            Supervisor(Path(state) / "logs", grace=_GRACE_SECONDS) as supervisor,
        ):
            client = _start(supervisor, Path(state), folder, yes=yes)
            Demo(client, str(folder), Console()).show()
            print("\nStopping …", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("\nInterrupted; everything has been stopped.", file=sys.stderr)
        return _INTERRUPTED
    print("Everything has been stopped; nothing was changed or left behind.")
    return Exit.DONE


def _folder(name: str) -> Path:
    """The folder with no symbolic link in its path. Raises UsageError."""
    folder = Path(name).resolve()
    if not folder.is_dir():
        raise UsageError(f"{name} is {'not a folder' if folder.exists() else 'not there'}")
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name!a} is not UTF-8, which the path of a request must be") from None
    if ":" in str(folder):
        raise UsageError(f"{name} has a colon in it, which separates folders in HRO_SCAN_ROOTS")
    return folder


def _start(supervisor: Supervisor, state: Path, folder: Path, *, yes: bool) -> Client:
    """A service of its own: nothing of it is shared but the Redis that HRO_REDIS_URL may name."""
    key = add_key(state / KEYS_FILE, _SCOPES, SystemClock().now())
    overrides = {
        "HRO_STATE_DIR": str(state),
        "HRO_HOST": f"demo-{secrets.token_hex(4)}",  # no other worker takes its jobs
        "HRO_PORT": str(free_port()),
        "HRO_SCAN_ROOTS": str(folder),
        "HRO_API_KEYS_FILE": str(state / KEYS_FILE),
        "HRO_SIGNING_KEY_FILE": str(secret_file(state / "signing-key")),
    }
    print("Starting Redis, the API and workers …", file=sys.stderr, flush=True)
    return Client(local_address(start(supervisor, overrides, Resource, inherit=False, yes=yes)), key)


@dataclass(frozen=True)
class Demo:
    client: Client
    folder: str
    console: Console

    def show(self) -> None:
        """Ask the service as any client would, and print what it answers. Raises HroError where a job failed."""
        client, folder = self.client, self.folder
        usage = self._job("What uses the space", client.get("/analyze/storage", path=folder))
        duplicates = self._job("Duplicates", client.get("/analyze/storage/duplicates", path=folder))
        memory = self._job("Memory", client.get("/analyze/memory"))
        memory_plan = self._job("Memory, dry run", client.post("/optimize/memory", {"dry_run": True}))
        cold = self._job("Digest of every file", client.post("/hash", {"path": folder}))
        warm = self._job("The same once more", client.post("/hash", {"path": folder}))
        self.console.print(tables.usage(folder, usage["result"]))
        self.console.print(tables.duplicates(duplicates["result"]))
        self.console.print(tables.memory(memory["result"], memory_plan))
        self.console.print(tables.hashing(cold, warm))

    def _job(self, name: str, answer: Answer) -> JsonObject:
        """Wait for a job with its progress on the screen; its record."""
        with _progress_line(self.console, name) as line:
            return self.client.finished(answer, lambda record: line(record.get("progress") or {}))


@contextmanager
def _progress_line(console: Console, name: str) -> Iterator[Callable[[JsonObject], None]]:
    """A line with a clock, whose counts the yielded function sets."""
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description:24}"), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[counts]}", markup=False), console=console) as progress:
        task = progress.add_task(name, total=1, counts="")
        yield lambda counts: progress.update(task, counts=tables.counts(counts))
        progress.update(task, completed=1, counts="")
