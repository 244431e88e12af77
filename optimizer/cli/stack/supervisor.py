"""Starts the programs of a stack stage by stage, watches over them, and ends them in the opposite order."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from optimizer.cli.errors import ProgramEndedError
from optimizer.cli.stack.child import GRACE_SECONDS, Child, end_all

_POLL_SECONDS = 0.1


def _at_once(_pid: int) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Program:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] | None = None  #: all of it; that of this process where it is None
    folder: Path | None = None
    pass_fds: tuple[int, ...] = ()
    is_ready: Callable[[int], bool] = field(default=_at_once)  #: asked again and again, with its process id
    patience: float = 60.0  #: seconds within which it must be ready


class Supervisor:
    """A context that holds running programs; when it is left, none of them runs any more.

    Of the main thread only: a program is tied to the life of the thread that started it.
    """

    def __init__(self, logs: Path, *, grace: float = GRACE_SECONDS) -> None:
        """`logs`: the folder of each program's `<name>.log`. `grace`: seconds from SIGTERM to SIGKILL."""
        self._logs = logs
        self._grace = grace
        self._stages: list[list[Child]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except KeyboardInterrupt:  # which guarded() lets through only once
            self.stop()
            raise

    def start(self, *programs: Program) -> None:
        """Start a stage, and wait until each of its programs is ready.

        Raises ProgramEndedError for one that ended or that is not ready in time, with the end of its log.
        """
        stage: list[Child] = []
        self._stages.append(stage)
        started = time.monotonic()
        stage.extend(self._child(program) for program in programs)
        waiting = list(zip(programs, stage, strict=True))
        while waiting:
            self.check()
            waiting = [(program, child) for program, child in waiting if not program.is_ready(child.pid)]
            for program, child in waiting:
                if time.monotonic() - started > program.patience:
                    raise _ended(child, f"was not ready within {program.patience:g} seconds")
            if waiting:
                time.sleep(_POLL_SECONDS)

    def _child(self, program: Program) -> Child:
        return Child(
            program.name,
            program.command,
            self._logs / f"{program.name}.log",
            environment=program.environment,
            folder=program.folder,
            pass_fds=program.pass_fds,
        )

    def check(self) -> None:
        """Raises ProgramEndedError for the first program that runs no more."""
        for child in self._children():
            if child.ended:
                status = child.end_now()
                how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with exit code {status}"
                raise _ended(child, f"ended {how}")

    def watch(self) -> None:
        """Look after the programs until one ends, which raises ProgramEndedError, or a signal comes."""
        while True:
            self.check()
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End every program, the last stage first."""
        while self._stages:
            end_all(self._stages[-1], self._grace)
            self._stages.pop()

    def pids(self) -> Mapping[str, int]:
        return {child.name: child.pid for child in self._children()}

    def _children(self) -> Iterator[Child]:
        for stage in self._stages:
            yield from stage


def _ended(child: Child, what: str) -> ProgramEndedError:
    return ProgramEndedError(f"{child.name} {what}. The end of {child.log}:\n{child.tail()}")
