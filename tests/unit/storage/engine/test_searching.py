"""The search with all processes finds what is equal in trees of every shape."""

import hashlib
import os
import signal
from pathlib import Path

import pytest

from optimizer.errors import CancelledError
from optimizer.storage.engine import ask
from optimizer.storage.engine.crew import WorkerLostError
from optimizer.storage.engine.found import Found, unpacked
from optimizer.storage.engine.measure import Limits
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.searching import Report
from tests.trees import make, open_descriptors

LARGER = 300_000


def nothing(_phase: str, _files: int, _size: int, _path: bytes) -> None:
    """Nobody is watching."""


def searched(path: Path, report: Report = nothing, *, digests: bool = True) -> Found:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return ask.search([Root(os.fsencode(path), descriptor)], report, digests=digests)
    finally:
        os.close(descriptor)


def names(found: Found) -> list[list[str]]:
    return [[os.fsdecode(name[0]).rpartition("/")[2] for name in unpacked(group).names] for group in found.groups]


def test_a_flat_folder_is_shared(tmp_path: Path) -> None:
    """With more names than are dealt in one go; each is read once."""
    make(tmp_path, {f"{number:05}": b"%d" % (number // 2) for number in range(5000)})
    found = searched(tmp_path)
    assert (found.files, found.folders, len(found.groups)) == (5000, 1, 2500)
    assert found.bytes_read == found.size


def test_folders_are_met_however_deep_and_many(tmp_path: Path) -> None:
    """More of them side by side than the pipe holds, and a way that is longer than any path may be."""
    make(tmp_path, {f"wide/{number}/file": b"same" for number in range(600)})
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("deep-enough-for-the-kernel", dir_fd=descriptor)
        inner = os.open("deep-enough-for-the-kernel", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    file = os.open("end", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor)
    os.write(file, b"same")
    os.close(file)
    os.close(descriptor)
    found = searched(tmp_path)
    assert (found.folders, found.notes.error_count) == (1 + 1 + 600 + 300, 0)
    (group,) = map(unpacked, found.groups)
    assert group.copies == 601


def test_there_may_be_more_roots_than_the_pipe_holds(tmp_path: Path) -> None:
    """Each is searched, and measured, once."""
    make(tmp_path, {f"{number}/file": b"same" for number in range(600)})
    folders = [os.fsencode(tmp_path / f"{number}") for number in range(600)]
    opened = [os.open(folder, os.O_RDONLY) for folder in folders]
    try:
        roots = [Root(folder, descriptor) for folder, descriptor in zip(folders, opened, strict=True)]
        found = ask.search(roots, nothing)
        part, _ = ask.measure(roots, Limits((1, 2, 3), (3.0, 2.0, 1.0), 4), nothing)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    assert (found.files, found.folders, found.copies, len(part.folders)) == (600, 600, 599, 600)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """To open a FIFO would wait, or end somebody else's wait; quarantine is not looked into."""
    make(tmp_path, {"a": b"same", ".hro-quarantine/b": b"same", "link": "a"})
    os.mkfifo(tmp_path / "fifo")
    found = searched(tmp_path)
    assert (found.files, found.folders, len(found.groups), found.notes.error_count) == (1, 1, 0, 0)


@pytest.mark.parametrize("digests", [True, False])
def test_one_size_may_hold_several_groups(tmp_path: Path, digests: bool) -> None:
    """Files that part in the middle are compared on among themselves."""
    kinds = [bytes(LARGER // 2) + bytes([kind]) * (LARGER - LARGER // 2 - 1) + b"x" for kind in range(3)]
    make(tmp_path, {f"{kind}{copy}": kinds[kind] for kind in range(3) for copy in range(kind + 1)})
    found = searched(tmp_path, digests=digests)
    assert sorted(names(found)) == [["10", "11"], ["20", "21", "22"]]
    expected = [hashlib.sha256(kinds[kind]).digest() if digests else b"" for kind in (2, 1)]
    assert [unpacked(group).digest for group in found.groups] == expected


@pytest.mark.parametrize("size", [20_000, 70_000])
def test_very_many_files_of_one_size_are_digested(tmp_path: Path, size: int) -> None:
    """They are too many to have all of them open, and the groups are the same."""
    make(tmp_path, {f"{number:03}": b"%03d" % (number // 2) + bytes(size) for number in range(300)})
    found = searched(tmp_path)
    assert sorted(names(found)) == [[f"{number:03}", f"{number + 1:03}"] for number in range(0, 300, 2)]


def test_hard_links_of_larger_files_are_one_copy(tmp_path: Path) -> None:
    """Both names are listed, and their bytes count once."""
    make(tmp_path, {"a": bytes(LARGER), "c": bytes(LARGER)})
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    found = searched(tmp_path)
    assert (names(found), found.copies, found.size) == ([["a", "b", "c"]], 1, 2 * LARGER)


def test_a_process_that_is_killed_ends_the_search(tmp_path: Path) -> None:
    """With an error, and not with an answer that lacks what it had seen."""
    if len(os.sched_getaffinity(0)) == 1:
        return  # then there are no children
    make(tmp_path, {f"{number}": b"same" for number in range(10)})
    before, others = open_descriptors(), children()

    def kill(_phase: str, _files: int, _size: int, _path: bytes) -> None:
        for child in children() - others:
            os.kill(child, signal.SIGKILL)

    with pytest.raises(WorkerLostError):
        searched(tmp_path, kill)
    assert (children(), open_descriptors()) == (others, before)


@pytest.mark.parametrize("phase", ["walk", "compare"])
def test_whoever_raises_ends_all_processes(tmp_path: Path, phase: str) -> None:
    """In either phase."""
    make(tmp_path, {f"{number}": bytes(LARGER) for number in range(4)})
    others = children()

    def cancel(now: str, _files: int, _size: int, _path: bytes) -> None:
        if now == phase:
            raise CancelledError

    with pytest.raises(CancelledError):
        searched(tmp_path, cancel)
    assert children() == others


def children() -> set[int]:
    """Of this process; servers that other tests have asked for may be among them."""
    process = os.getpid()
    return {int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()}
