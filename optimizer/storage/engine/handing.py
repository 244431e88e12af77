"""What one process hands to the others."""

from typing import Any

from optimizer.storage.engine.crew import Board, Count, Crew
from optimizer.storage.engine.spill import Spill, load


def put(crew: Crew, spill: Spill, value: Any) -> None:
    begin, size = spill.put(value)
    crew.board.put(crew.number, Count.TABLE_AT, begin)
    crew.board.put(crew.number, Count.TABLE_SIZE, size)


def get(board: Board, files: list[int], worker: int) -> Any:
    """What that process `put` last."""
    return load(files[worker], board.get(worker, Count.TABLE_AT), board.get(worker, Count.TABLE_SIZE))
