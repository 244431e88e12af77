"""Numbers that the processes take one by one, so that who is faster does more."""

import os
from collections.abc import Iterator
from struct import Struct
from typing import Final

_NUMBER: Final = Struct("=I")
#: So many fit into a pipe that nobody reads yet; see pipe(7).
MOST: Final = 65_536 // _NUMBER.size


class Tasks:
    """From 0 on. Numbers are never torn: the pipe holds whole ones only."""

    def __init__(self) -> None:
        self._take, self._give = os.pipe2(os.O_CLOEXEC)

    def give(self, count: int) -> None:
        """In one process, for all, before it takes any itself. MOST at most."""
        os.write(self._give, b"".join(map(_NUMBER.pack, range(count))))

    def taken(self) -> Iterator[int]:
        """Those that this process gets. Waits until there are some, or until all are taken."""
        self._close_give()  # once nobody can write, the pipe has an end
        while number := os.read(self._take, _NUMBER.size):
            yield _NUMBER.unpack(number)[0]

    def _close_give(self) -> None:
        if self._give >= 0:
            os.close(self._give)
            self._give = -1

    def close(self) -> None:
        self._close_give()
        os.close(self._take)
