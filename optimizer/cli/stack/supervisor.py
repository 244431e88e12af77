"""Starts the programs of a stack stage by stage, watches over them, and ends them in the opposite order."""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from optimizer.cli.errors import ProgramEndedError
from optimizer.cli.stack import scratch
from optimizer.cli.stack.child import GRACE_SECONDS, Child, end_all
from optimizer.cli.stack.endings import Endings, Patience

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
    scratch: Path | None = None  #: a folder for it, made anew at each start and removed in the end
    is_ready: Callable[[int], bool] = field(default=_at_once)  #: asked again and again, with its process id
    patience: float = 60.0  #: seconds within which it must be ready


@dataclass(slots=True)
class _Place:
    """Where a program runs, one after another of it."""

    program: Program
    child: Child
    began: float  #: on the monotonic clock
    endings: Endings
    back_at: float | None = None  #: while it is away


class Supervisor:
    """A context that holds running programs; when it is left, none of them runs any more.

    Of the main thread only: a program is tied to the life of the thread that started it.
    """

    def __init__(self, logs: Path, *, grace: float = GRACE_SECONDS, patience: Patience | None = None) -> None:
        """`logs`: the folder of each program's `<name>.log`. `grace`: seconds from SIGTERM to SIGKILL.

        `patience`: with programs that end while they are watched.
        """
        self._logs = logs
        self._grace = grace
        self._patience = patience or Patience()
        self._stages: list[list[_Place]] = []

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
        stage: list[_Place] = []
        self._stages.append(stage)
        started = time.monotonic()
        stage.extend(self._place(program) for program in programs)
        waiting = stage
        while waiting:
            self.check()
            waiting = [place for place in waiting if not place.program.is_ready(place.child.pid)]
            for place in waiting:
                if time.monotonic() - started > place.program.patience:
                    raise _ended(place.child, f"was not ready within {place.program.patience:g} seconds")
            if waiting:
                time.sleep(_POLL_SECONDS)

    def _place(self, program: Program) -> _Place:
        return _Place(program, self._child(program), time.monotonic(), Endings(self._patience))

    def _child(self, program: Program) -> Child:
        if program.scratch:
            scratch.make(program.scratch)
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
        for place in self._places():
            if place.child.ended:
                raise _ended(place.child, _how(place.child))

    def watch(self) -> None:
        """Look after the programs until a signal comes, or one is given up, which raises ProgramEndedError."""
        while True:
            self.tend()
            time.sleep(_POLL_SECONDS)

    def tend(self) -> None:
        """Look at each program once: start those again that ended, after a pause that grows each time.

        Raises ProgramEndedError for one that ends again and again at once.
        """
        now = time.monotonic()
        for place in self._places():
            if place.back_at is None:
                if place.child.ended:
                    self._wait_for(place, now)
            elif now >= place.back_at:
                place.child = self._child(place.program)
                place.began, place.back_at = time.monotonic(), None

    def _wait_for(self, place: _Place, now: float) -> None:
        how, pause = _how(place.child), place.endings.pause(place.began, now)
        if pause is None:
            patience = self._patience
            raise _ended(place.child, f"{how}, as {patience.most} times within {patience.within:g} seconds")
        place.back_at = now + pause
        log = f"{place.child.log}.1"  # as it is called from then on
        print(f"hro: {place.child.name} {how}; starting it again in {pause:g} s. Its log: {log}", file=sys.stderr)

    def stop(self) -> None:
        """End every program, the last stage first."""
        while self._stages:
            end_all([place.child for place in self._stages[-1]], self._grace)
            for place in self._stages.pop():
                if place.program.scratch:
                    scratch.remove(place.program.scratch)

    def pids(self) -> Mapping[str, int]:
        return {place.child.name: place.child.pid for place in self._places()}

    def _places(self) -> Iterator[_Place]:
        for stage in self._stages:
            yield from stage


def _how(child: Child) -> str:
    status = child.end_now()
    return f"ended by signal {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"


def _ended(child: Child, what: str) -> ProgramEndedError:
    return ProgramEndedError(f"{child.name} {what}. The end of {child.log}:\n{child.tail()}")
