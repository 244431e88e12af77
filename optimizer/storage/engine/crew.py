"""Processes that share one job: how they are started, what they all see, and how they end."""

import gc
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

from optimizer.errors import HroError

_PAUSE_SECONDS = 0.0005
#: Of the one that waits for the others, between two looks at whether they still live.
_RESTS_BETWEEN = 100
_FILES_BETWEEN = 512
_BYTES_BETWEEN = 4 << 20


class WorkerLostError(HroError):
    """One of the processes that share a search ended before its work was done; it may have been killed."""

    code = "worker_lost"


class Count(IntEnum):
    """What each process tells the others. Only it writes its own numbers."""

    TAKEN_ON = 0  #: pieces of work that it found
    DONE = 1  #: pieces of work that it finished
    FILES = 2
    BYTES = 3
    STAGE = 4  #: stages that it finished
    HELD = 5  #: number 0 has found that the cache's last answer holds
    HANDED = 6  #: for each stage, where in its file the others find what it hands to them, and how long that is


_NUMBERS = Count.HANDED + 2 * 5


class Board:
    """Numbers that all processes see: `Count` of each of them, in shared memory."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._memory = mmap.mmap(-1, size * _NUMBERS * 8)
        self._cells = memoryview(self._memory).cast("Q")

    def get(self, worker: int, count: int) -> int:
        return self._cells[worker * _NUMBERS + count]

    def put(self, worker: int, count: int, value: int) -> None:
        self._cells[worker * _NUMBERS + count] = value

    def add(self, worker: int, count: int, value: int) -> None:
        self._cells[worker * _NUMBERS + count] += value

    def sum(self, count: int) -> int:
        return sum(self._cells[count::_NUMBERS])

    def is_all_done(self) -> bool:
        """Whether no work is left anywhere. Finished work is summed first: what begins meanwhile only adds more."""
        done = self.sum(Count.DONE)
        return done == self.sum(Count.TAKEN_ON)

    def close(self) -> None:
        self._cells.release()
        self._memory.close()


class Crew:
    """The process that was asked, which is number 0, and its children. They wait for each other between stages."""

    def __init__(self, size: int) -> None:
        self.board = Board(size)
        self.number = 0  #: of this process
        self._asker = os.getpid()
        self._children: dict[int, int] = {}

    def start(self, work: Callable[[], None]) -> None:
        """Fork the children, each of which does `work` and ends."""
        for number in range(1, self.board.size):
            child = os.fork()
            if not child:
                self.number = number
                _work_and_end(work)
            self._children[child] = number

    def reach(self, stage: int) -> None:
        """Tell the others that this process has finished it."""
        self.board.put(self.number, Count.STAGE, stage)

    def wait_for_all(self, stage: int, report: Callable[[], None]) -> None:
        """In number 0, until all others have finished the stage. Raises what `report` does, and WorkerLostError."""
        rests = 0
        while any(self.board.get(number, Count.STAGE) < stage for number in range(1, self.board.size)):
            self.rest()
            rests += 1
            if not rests % _RESTS_BETWEEN:
                self._check(stage)
                report()

    def meet(self, stage: int, report: Callable[[], None]) -> None:
        """Until all have finished the stage. In number 0, raises what `report` does, and WorkerLostError."""
        if not self.number:
            self.wait_for_all(stage, report)
        self.reach(stage)
        while self.board.get(0, Count.STAGE) < stage:
            self.rest()

    def rest(self) -> None:
        """A moment in which another process may get on."""
        self.leave_if_alone()
        time.sleep(_PAUSE_SECONDS)

    def leave_if_alone(self) -> None:
        """End this child where the process that was asked has ended."""
        if self.number and os.getppid() != self._asker:
            os._exit(1)

    def _check(self, stage: int) -> None:
        for child, number in list(self._children.items()):
            ended, _ = os.waitpid(child, os.WNOHANG)
            if ended:
                del self._children[child]
                if self.board.get(number, Count.STAGE) < stage:
                    raise WorkerLostError

    def end(self) -> None:
        """End the children, whatever they are at."""
        for child in self._children:
            os.kill(child, signal.SIGKILL)
        for child in self._children:
            os.waitpid(child, 0)
        self._children.clear()
        self.board.close()


def is_single_threaded() -> bool:
    """Whether this process may be forked: a lock that another thread holds would stay locked in a child."""
    with os.scandir("/proc/self/task") as threads:
        return len(list(threads)) == 1


class Pulse:
    """What one process has done, told to the others now and then, and to whoever asked."""

    def __init__(self, crew: Crew, report: Callable[[bytes], None]) -> None:
        """`report` is told a path; only number 0 calls it. It may raise."""
        self.files = self.bytes = 0
        self._crew = crew
        self._report = report
        self._due_files = self._due_bytes = 0

    def beat(self, path: bytes, *, files: int = 0, size: int = 0) -> None:
        """So many files and bytes more were read."""
        self.files += files
        self.bytes += size
        if self.files >= self._due_files or self.bytes >= self._due_bytes:
            self._due_files = self.files + _FILES_BETWEEN
            self._due_bytes = self.bytes + _BYTES_BETWEEN
            self.tell()
            self._crew.leave_if_alone()
            if not self._crew.number:
                self._report(path)

    def tell(self) -> None:
        self._crew.board.put(self._crew.number, Count.FILES, self.files)
        self._crew.board.put(self._crew.number, Count.BYTES, self.bytes)


@contextmanager
def without_collector() -> Iterator[None]:
    """For work that makes no cycles and keeps very many things alive: Python would look through them all the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _work_and_end(work: Callable[[], None]) -> NoReturn:
    """Whatever happens, a child must never go on with what its parent was doing."""
    status = 1
    try:
        work()
        status = 0
    except KeyboardInterrupt:  # the parent gets it as well, and says so
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        os._exit(status)
