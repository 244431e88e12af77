"""What a plan leaves as it is, and tells of. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from optimizer.paths import readable

#: Actions of one plan; what is left is for the next run
MOST_ACTIONS = 50_000


class Left(NamedTuple):
    """Files that stay for one reason."""

    files: int
    example: bytes  #: the path of one of them


def count_left(left: dict[str, Left], path: bytes, reason: str) -> None:
    """One file more that stays for a reason."""
    count, example = left.get(reason, (0, path))
    left[reason] = Left(count + 1, example)


def by_reason(reasons: Iterable[tuple[bytes, str]]) -> dict[str, Left]:
    """Of each path and the reason why it stays."""
    left: dict[str, Left] = {}
    for path, reason in reasons:
        count_left(left, path, reason)
    return left


def told(left: Mapping[str, Left], more: int = 0) -> Iterator[str]:
    """A note for each reason; `more` is how many files there are beyond what one plan takes."""
    for reason, (count, example) in left.items():
        yield f"Left {count} files, such as {readable(example)}: {reason}."
    if more > 0:
        yield f"Left {more} more files for the next run."
