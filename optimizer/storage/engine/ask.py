"""Has a search or a measuring done: here where this process may be forked, else in a program of its own."""

import marshal
import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from optimizer.ports import CacheFile
from optimizer.storage.engine import measuring
from optimizer.storage.engine.crew import WorkerLostError, is_single_threaded
from optimizer.storage.engine.found import Found, Groups, Render, packed
from optimizer.storage.engine.measure import Limits, Part
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.spill import open_nameless

#: A phase, files, bytes and a path.
_Report = Callable[[str, int, int, bytes], None]

#: Nothing is read from the environment, nor from any folder but the product's own: that starts in a few milliseconds.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from optimizer.storage.engine.ask import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"
)
_PACKAGES: Final = __file__.rsplit(os.sep, 4)[0]

#: A report is one packet of a pipe, with so much of its path at most; see pipe(7).
_PACKET: Final = 4096
_PATH: Final = 3800
_SILENCE_MS: Final = 250


def search(
    roots: list[Root],
    report: _Report,
    *,
    render: Render = packed,
    digests: bool = True,
    cache: CacheFile | None = None,
    asked: bytes = b"",
) -> Found:
    """As `searching.search`, with its groups. A process with several threads has them `packed` only."""
    from optimizer.storage.engine import searching  # noqa: PLC0415 - brings hashlib, which measuring does without

    files = [open_nameless() for _ in os.sched_getaffinity(0)]
    try:
        if is_single_threaded():
            answer = searching.search(
                roots, files, report=report, render=render, digests=digests, cache=cache, asked=asked
            )
        else:
            options = (files, digests, tuple(cache) if cache else None)
            answer = searching.Answer(*_elsewhere("search", roots, options, report, files))
        entries, content = answer.entries, answer.content
        groups = Groups(entries, [content]) if content else Groups.in_files(entries, files)
        notes = Notes.merged([answer.notes])
        return Found(groups, *answer[1:-2], notes)
    finally:
        for file in files:
            os.close(file)


def measure(roots: list[Root], limits: Limits, report: _Report) -> tuple[Part, Notes]:
    """As `measuring.measure`."""
    if is_single_threaded():
        return measuring.measure(roots, limits, report)
    part, notes = _elsewhere("measure", roots, tuple(limits), report)
    return Part(*part), Notes.merged([notes])


def _elsewhere(task: str, roots: list[Root], options: Any, report: _Report, files: Sequence[int] = ()) -> Any:
    """The task's answer. Raises what `report` raises, and WorkerLostError; then nothing of the program is left."""
    import subprocess  # noqa: PLC0415 - takes as long as all of the engine, and who starts fast has a single thread

    letter = os.memfd_create("task")  # holds the task, and then its answer
    told, tell = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
    try:
        _write(letter, (task, [(root.path, root.descriptor) for root in roots], options))
        kept = (letter, tell, *files, *(root.descriptor for root in roots))
        command = [sys.executable, "-I", "-S", "-X", f"utf8={sys.flags.utf8_mode}", "-c", _PROGRAM]
        program = subprocess.Popen(
            [*command, _PACKAGES, str(letter), str(tell)], stdin=subprocess.DEVNULL, pass_fds=kept, process_group=0
        )
        os.close(tell)
        tell = -1
        try:
            _listen(told, report)
            if program.wait():
                raise WorkerLostError
        finally:
            if program.returncode is None:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()
        return _read(letter)
    finally:
        for descriptor in (letter, told, tell):
            if descriptor >= 0:
                os.close(descriptor)


def _listen(told: int, report: _Report) -> None:
    """Hand on what is reported until nobody can report any more; the last one again where it is silent for long."""
    poll = select.poll()
    poll.register(told, select.POLLIN)
    last: tuple[str, int, int, bytes] = ("walk", 0, 0, b"")
    while True:
        if poll.poll(_SILENCE_MS):
            packet = os.read(told, _PACKET)
            if not packet:
                return
            last = marshal.loads(packet)  # noqa: S302 - from the program that was started here
        report(*last)


def serve(letter: int, tell: int) -> None:
    """In the program: do the task and put its answer in the place of the letter. Both are open files."""

    def report(phase: str, files: int, size: int, path: bytes) -> None:
        os.write(tell, marshal.dumps((phase, files, size, path[-_PATH:])))  # BrokenPipeError: nobody waits any more

    task, paths, options = _read(letter)
    roots = [Root(path, descriptor) for path, descriptor in paths]
    if task == "search":
        from optimizer.storage.engine import searching  # noqa: PLC0415 - brings hashlib, which measuring does without

        files, digests, kept = options
        cache = CacheFile(*kept) if kept else None
        answer = searching.search(roots, files, report=report, render=packed, digests=digests, cache=cache)
        _write(letter, tuple(answer))
    else:
        part, notes = measuring.measure(roots, Limits(*options), report)
        _write(letter, (tuple(part), notes.dump()))


def _write(letter: int, value: Any) -> None:
    os.ftruncate(letter, 0)
    with os.fdopen(os.dup(letter), "wb") as file:
        file.seek(0)
        marshal.dump(value, file)


def _read(letter: int) -> Any:
    with os.fdopen(os.dup(letter), "rb") as file:
        file.seek(0)
        return marshal.load(file)  # noqa: S302 - written here, or by the program that was started here
