"""What a local command prints, and what went wrong on the way."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from optimizer.host.tree import ScanLog


class Answer(NamedTuple):
    told: Iterable[bytes] | Iterable[str]  #: pieces of JSON, or lines for people
    log: ScanLog
    changed: int = 0  #: files that were left out because they changed
    cache_errors: Sequence[str] = ()
