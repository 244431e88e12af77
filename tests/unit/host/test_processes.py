"""A look at all processes, some of which end or hide while it is taken."""

import os
from pathlib import Path

import pytest

from optimizer.errors import CancelledError
from optimizer.host import processes
from tests.fakes import proc
from tests.fakes.job import Listening


def test_a_process_that_ends_meanwhile_is_no_error(tmp_path: Path) -> None:
    """Its folder was listed and its file is gone."""
    proc.write(tmp_path, "1/stat", proc.process_stat(1))
    (tmp_path / "2").mkdir()
    scan = processes.scan(Listening(), tmp_path)
    assert [stat.pid for stat in scan.stats] == [1]
    assert scan.to_json() == {"processes_read": 1, "processes_unreadable": 0, "errors": [], "error_count": 0}


def test_an_unreadable_process_is_counted_and_the_scan_goes_on(tmp_path: Path) -> None:
    """What is no line of a process and what is no file: both are told with their reason."""
    proc.write(tmp_path, "1/stat", "nonsense")
    (tmp_path / "2/stat").mkdir(parents=True)
    proc.write(tmp_path, "3/stat", proc.process_stat(3))
    found = processes.scan(Listening(), tmp_path).to_json()
    assert (found["processes_read"], found["processes_unreadable"]) == (1, 2)
    assert [error["pid"] for error in found["errors"]] == [1, 2]
    assert all(error["reason"] for error in found["errors"])


def test_errors_are_capped_and_their_count_is_true(tmp_path: Path) -> None:
    """A hundred are told; all are counted."""
    for pid in range(1, 131):
        proc.write(tmp_path, f"{pid}/stat", "")
    found = processes.scan(Listening(), tmp_path).to_json()
    assert (len(found["errors"]), found["error_count"]) == (100, 130)


def test_a_cancelled_scan_stops(tmp_path: Path) -> None:
    """The job hears of it at the next process."""
    for pid in range(1, 10):
        proc.write(tmp_path, f"{pid}/stat", proc.process_stat(pid))
    listening = Listening(cancel_at=3)
    with pytest.raises(CancelledError):
        processes.scan(listening, tmp_path)
    assert len(listening.reports) == 3


def test_this_process_is_seen() -> None:
    """On the real /proc."""
    assert os.getpid() in {stat.pid for stat in processes.scan(Listening()).stats}
