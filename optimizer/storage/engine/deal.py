"""Deals folders to the processes as they are found, so that none is idle while another has work."""

import fcntl
import os
from contextlib import suppress
from typing import Final

from optimizer.storage.engine.crew import Count, Crew

#: The number of a root, a folder below it and, where only these are to be looked at, names of files in it.
Work = list[bytes]

#: The longest message that a pipe of packets keeps in one piece; see pipe(7).
_PACKET: Final = 4096
_PIPE_BYTES: Final = 1 << 20
#: Pieces of one's own that are done before the pipe, which was full, is tried again. It holds some 200.
_PAUSE: Final = 32


class Deal:
    """A pipe of packets that everybody writes to and takes from; what does not fit stays with who found it."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._own: list[Work] = []
        self._pause = 0  # how often nothing is offered
        # Each write to a pipe with O_DIRECT is a packet, and each read takes exactly one
        self._take, self._offer = os.pipe2(os.O_DIRECT | os.O_NONBLOCK | os.O_CLOEXEC)
        with suppress(OSError):  # this user has too many pipes: a smaller one does
            fcntl.fcntl(self._offer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def begin(self) -> None:
        """In each process, once it is forked: what did not fit into the pipe before stays with number 0."""
        if self._crew.number:
            self._own.clear()

    def add(self, work: Work) -> None:
        self._crew.board.add(self._crew.number, Count.TAKEN_ON, 1)
        if self._own or not self._sent(work):
            self._own.append(work)

    def _sent(self, work: Work) -> bool:
        if self._pause:
            self._pause -= 1
            return False
        packet = b"\0".join(work)  # no name of a file has this byte
        if len(packet) > _PACKET:
            return False
        try:
            os.write(self._offer, packet)
        except BlockingIOError:  # enough for all, and for a while
            self._pause = _PAUSE
            return False
        return True

    def take(self) -> Work | None:
        """The next piece; None once there is none anywhere. Each that was taken must be reported as `done`."""
        while True:
            while self._own and self._sent(self._own[-1]):
                self._own.pop()
            if self._own:
                return self._own.pop()
            try:
                return os.read(self._take, _PACKET).split(b"\0")
            except BlockingIOError:
                if self._crew.board.is_all_done():
                    return None
            self._crew.rest()

    def done(self) -> None:
        self._crew.board.add(self._crew.number, Count.DONE, 1)

    def close(self) -> None:
        os.close(self._take)
        os.close(self._offer)
