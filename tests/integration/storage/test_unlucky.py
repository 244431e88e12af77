"""A disk that fails in the middle, a filesystem that becomes read-only, a root that goes: no file is lost."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optimizer.host.journal import State
from tests.fakes.submitted import new_job
from tests.integration.storage.test_duplicates import Host

#: The first flush is of the new quarantine, without which no job begins; with two files, none has more than these
FLUSHES = range(2, 8)


@contextmanager
def failing_flush(number: int) -> Iterator[list[int]]:
    """The fsync(2) of that number fails as on a broken disk; so do those after it. Gives what was flushed."""
    real, flushed = os.fsync, list[int]()

    def fsync(descriptor: int) -> None:
        flushed.append(descriptor)
        if len(flushed) >= number:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield flushed


@pytest.mark.parametrize("number", FLUSHES)
@pytest.mark.parametrize("action", ["hard_link", "quarantine"])
def test_a_disk_that_fails_at_any_flush_loses_no_file(tmp_path: Path, action: str, number: int) -> None:
    """What the journal says of each file is what happened to it: undo brings back all, to the inode."""
    host = Host(tmp_path)
    for name in ("a", "b", "c"):
        host.file(name)
    before = host.manifest()
    with failing_flush(number):
        host.dedupe(action=action)
    _settle(host)
    _undo_all(host)
    assert host.manifest() == before
    assert list((host.root / ".hro-quarantine").rglob("*")) == []


def _settle(host: Host) -> None:
    """Any job that changes something finishes what others left."""
    (host.root / "elsewhere").mkdir()
    host.file("elsewhere/a", b"y" * 5000)
    host.file("elsewhere/b", b"y" * 5000)
    job = new_job("optimize_duplicates", path=str(host.root / "elsewhere"), action="hard_link")
    host.run(job, host.handler())
    host.undo(job)
    assert host.journal.in_state(State.INTENDED) == []
    for name in ("a", "b"):
        (host.root / "elsewhere" / name).unlink()


def _undo_all(host: Host) -> None:
    for one in {entry.optimization_id for entry in host.journal.in_state(State.QUARANTINED)}:
        host.undo(new_job().model_copy(update={"optimization_id": one}))
