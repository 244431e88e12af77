"""A process with threads has its searches done by a program of its own, with the same answers."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optimizer.errors import CancelledError
from optimizer.host.meter import NoProgress
from optimizer.ports import Progress
from optimizer.storage.duplicates.search import search
from optimizer.storage.engine.crew import is_single_threaded
from optimizer.storage.usage import measure_usage
from optimizer.storage.usage_report import usage_json
from tests.fakes.job import Listening
from tests.trees import make, open_descriptors, opened

NOW = 1_800_000_000.0


@contextmanager
def another_thread() -> Iterator[None]:
    """As a worker has one that renews its lease."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    assert not is_single_threaded()
    yield
    end.set()
    thread.join()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    make(tmp_path, {"a": b"same", "sub/b": b"same", "c": bytes(100_000), "d": bytes(100_000), "e.txt": b"other"})
    (tmp_path / os.fsdecode(b"latin-\xe9.\xe9")).write_bytes(b"same")
    return tmp_path


def found(tree: Path, progress: Progress | None = None) -> object:
    with opened(tree) as root:
        return search([root], progress or NoProgress()).to_json()


def measured(tree: Path, progress: Progress | None = None) -> object:
    with opened(tree) as root:
        return usage_json(measure_usage([root], progress or NoProgress(), now=NOW))


@pytest.mark.parametrize("look", [found, measured])
def test_the_answer_is_the_same(tree: Path, look: object) -> None:
    """With names of any bytes, and nothing stays open."""
    assert callable(look)
    here = look(tree)
    before = open_descriptors()
    with another_thread():
        listening = Listening()
        assert look(tree, listening) == here
        assert listening.reports
    assert open_descriptors() == before


@pytest.mark.parametrize("look", [found, measured])
def test_a_cancelled_one_leaves_nothing(tree: Path, look: object) -> None:
    """No process, no open file."""
    others = children_of(os.getpid())  # servers that other tests have asked for
    assert callable(look)
    before = open_descriptors()
    with another_thread(), pytest.raises(CancelledError):
        look(tree, Listening(cancel_at=1))
    assert open_descriptors() == before
    assert children_of(os.getpid()) == others


def test_no_child_outlives_a_cancelled_search(tree: Path) -> None:
    """Where this process itself was forked, too."""
    others = children_of(os.getpid())  # servers that other tests have asked for
    with pytest.raises(CancelledError):
        found(tree, Listening(cancel_at=2))
    assert children_of(os.getpid()) == others


def children_of(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()
