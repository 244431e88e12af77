"""What one process hands to the others, once in each stage."""

from typing import Any

from optimizer.storage.engine.crew import Board, Count, Crew
from optimizer.storage.engine.spill import Spill, load

#: Stages, in their order. With a cache, all files are looked at first, and then it is known whether its last answer
#: holds. All folders have been read, the larger files brought together by their sizes, all groups found.
LOOKED, DECIDED, SCANNED, JOINED, FOUND = range(1, 6)


def put(crew: Crew, spill: Spill, stage: int, value: Any) -> None:
    """The others have to wait until this process has reached the stage."""
    begin, size = spill.put(value)
    at = Count.HANDED + 2 * (stage - 1)
    crew.board.put(crew.number, at, begin)
    crew.board.put(crew.number, at + 1, size)


def get(board: Board, files: list[int], stage: int) -> list[Any]:
    """What each process has `put` in that stage."""
    at = Count.HANDED + 2 * (stage - 1)
    return [load(file, (board.get(number, at), board.get(number, at + 1))) for number, file in enumerate(files)]
