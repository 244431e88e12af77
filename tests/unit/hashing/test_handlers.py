"""The handler of `hash_files`, run as a worker runs it."""

from pathlib import Path

import pytest

from optimizer.errors import PathForbiddenError
from optimizer.hashing.handlers import hash_files
from optimizer.hashing.local_cache import NullHashCache
from optimizer.host.files import ScanRoots
from optimizer.runner import run
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening, job
from tests.trees import make

CLOCK = FakeClock()


def test_paths_are_hashed(tmp_path: Path) -> None:
    """One path or several; the event tells counts, and no digest."""
    make(tmp_path, {"a": b"a", "b": b"b"})
    handler = hash_files(ScanRoots([tmp_path]), NullHashCache(), CLOCK)
    one = run(job("hash_files", path=str(tmp_path / "a")), handler, Listening(), CLOCK)
    both = run(job("hash_files", paths=[str(tmp_path / "a"), str(tmp_path / "b")]), handler, Listening(), CLOCK)
    assert (one.result["files_hashed"], both.result["files_hashed"]) == (1, 2)
    assert both.event is not None
    assert (both.event["files_hashed"], both.event["bytes_read"], "hashes" in both.event) == (2, 2, False)
    assert both.result["timestamp"] == CLOCK.now().isoformat()


def test_a_path_outside_the_roots_is_refused(tmp_path: Path) -> None:
    """A digest would tell whether a guess of a secret's content is right."""
    handler = hash_files(ScanRoots([tmp_path]), NullHashCache(), CLOCK)
    with pytest.raises(PathForbiddenError, match="HRO_SCAN_ROOTS"):
        run(job("hash_files", path="/etc/shadow"), handler, Listening(), CLOCK)
