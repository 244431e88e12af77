"""Numbers that the processes take one by one, so that who is faster does more."""

import os
from collections.abc import Iterator
from struct import Struct
from typing import Final

_NUMBER: Final = Struct("=I")
#: So many fit into a pipe that nobody reads yet; see pipe(7).
_MOST: Final = 65_536 // _NUMBER.size


class Tasks:
    """Made before the processes are forked. Numbers are never torn: the pipe holds whole ones only."""

    def __init__(self) -> None:
        self._take, self._give = os.pipe2(os.O_CLOEXEC)

    def taken(self, count: int, *, gives: bool) -> Iterator[int]:
        """Of the numbers below `count`, which all know, those that this process gets. One process gives them to all."""
        each = -(-count // _MOST) or 1
        if gives:
            os.write(self._give, b"".join(map(_NUMBER.pack, range(0, count, each))))
        self._close_give()  # once nobody can write, the pipe has an end
        while packed := os.read(self._take, _NUMBER.size):
            begin = _NUMBER.unpack(packed)[0]
            yield from range(begin, min(begin + each, count))

    def _close_give(self) -> None:
        if self._give >= 0:
            os.close(self._give)
            self._give = -1

    def close(self) -> None:
        self._close_give()
        os.close(self._take)
