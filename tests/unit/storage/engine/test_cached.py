"""A search through the cache: what is not read again, and what any change does."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from optimizer.errors import CancelledError
from optimizer.host.clock import SystemClock
from optimizer.ports import CacheFile
from optimizer.storage.engine import ask
from optimizer.storage.engine.found import Found, unpacked
from optimizer.storage.engine.roots import Root
from optimizer.storage.engine.searching import Report
from tests.trees import make, open_descriptors

LARGER = 300_000
HOUR = 3600


def nothing(_phase: str, _files: int, _size: int, _path: bytes) -> None:
    """Nobody is watching."""


def cache(folder: Path, *, later: float = HOUR, seconds: float = HOUR, room: int = 10_000_000) -> CacheFile:
    """As if the files of a test had been there for an hour: their ctime cannot be set back."""
    now = SystemClock().now().timestamp() + later
    return CacheFile(str(folder / "digests.db"), now, now - seconds, room)


def searched(
    tree: Path, file: CacheFile | None, *, asked: bytes = b"", report: Report = nothing, path: bytes = b""
) -> Found:
    descriptor = os.open(tree, os.O_RDONLY)
    try:
        return ask.search([Root(path or os.fsencode(tree), descriptor)], report, cache=file, asked=asked)
    finally:
        os.close(descriptor)


def names(found: Found) -> list[list[str]]:
    return [[os.fsdecode(name[0]).rpartition("/")[2] for name in unpacked(group).names] for group in found.groups]


def counts(found: Found) -> tuple[int, int, int]:
    """Hits, misses and bytes that were read."""
    return found.notes.hits, found.notes.misses, found.bytes_read


def larger(middle: bytes = b"") -> bytes:
    """The ends are the same, whatever is in the middle."""
    return bytes(LARGER // 2) + middle.ljust(8, b"\0") + bytes(LARGER // 2)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    make(tmp_path / "tree", {"a": b"same", "sub/b": b"same", "c": b"else", "empty": b"", "own": bytes(20_000)})
    make(tmp_path / "tree", {"x": larger(), "sub/y": larger(), "near": larger(b"another")})
    (tmp_path / "tree/linked").hardlink_to(tmp_path / "tree/x")
    return tmp_path / "tree"


def told(found: Found) -> list[object]:
    """All but what reading cost, and the times of access, which a reader may change."""
    groups = [unpacked(group) for group in found.groups]
    exact = [(*group[:3], [name[:4] for name in group.names]) for group in groups]
    return [exact, found.files, found.folders, found.size, found.copies, found.gain]


def test_the_answer_is_that_of_a_search_without(tree: Path, tmp_path: Path) -> None:
    """Whether the cache knows nothing yet, or everything."""
    without = told(searched(tree, None))
    assert [told(searched(tree, cache(tmp_path))) for _ in range(3)] == [without] * 3


def test_nothing_is_read_again(tree: Path, tmp_path: Path) -> None:
    """Files that differ in their middle have been read to their end; a file of its own size needs no digest."""
    first, second = searched(tree, cache(tmp_path)), searched(tree, cache(tmp_path))
    assert (counts(first)[:2], counts(second)) == ((0, 7), (7, 0, 0))


def new_file(tree: Path) -> None:
    (tree / "sub/new").write_bytes(b"else")


def change(tree: Path) -> None:
    (tree / "c").write_bytes(b"same")


def change_in_disguise(tree: Path) -> None:
    before = (tree / "c").stat()
    (tree / "c").write_bytes(b"same")
    os.utime(tree / "c", ns=(before.st_atime_ns, before.st_mtime_ns))


def change_of_a_larger_one(tree: Path) -> None:
    with (tree / "near").open("r+b") as file:
        file.seek(LARGER // 2)
        file.write(bytes(8))


def shrink(tree: Path) -> None:
    os.truncate(tree / "near", 20_000)


def rename(tree: Path) -> None:
    (tree / "a").rename(tree / "sub/renamed")


def rename_of_a_folder(tree: Path) -> None:
    (tree / "sub").rename(tree / "other")


def removal(tree: Path) -> None:
    (tree / "sub/b").unlink()


def exchange(tree: Path) -> None:
    (tree / "c").rename(tree / "kept")
    (tree / "a").rename(tree / "c")
    (tree / "kept").rename(tree / "a")


@pytest.mark.parametrize("asked", [b"", b"question"], ids=["digests", "answer"])
@pytest.mark.parametrize(
    "what",
    [
        new_file,
        change,
        change_in_disguise,
        change_of_a_larger_one,
        shrink,
        rename,
        rename_of_a_folder,
        removal,
        exchange,
    ],
)
def test_any_change_is_found(tree: Path, tmp_path: Path, what: Callable[[Path], None], asked: bytes) -> None:
    """Of contents and of names, whether digests are kept or the answer as well."""
    for _ in range(2):
        searched(tree, cache(tmp_path), asked=asked)
    what(tree)
    found = searched(tree, cache(tmp_path), asked=asked)
    assert told(found) == told(searched(tree, None))
    assert counts(found)[2] < 2 * LARGER + 20_000


def test_the_last_answer_holds_while_nothing_changes(tree: Path, tmp_path: Path) -> None:
    """It is given again, though no process reads or compares anything; another question has another answer."""
    phases = []

    def listen(phase: str, _files: int, _size: int, _path: bytes) -> None:
        phases.append(phase)

    first = searched(tree, cache(tmp_path), asked=b"question")
    second = searched(tree, cache(tmp_path), asked=b"question", report=listen)
    assert (told(second), set(phases)) == (told(first), {"walk"})
    assert counts(second) == (7, 0, 0)
    searched(tree, cache(tmp_path), asked=b"another", report=listen)
    assert set(phases) == {"walk", "hash", "compare"}


def test_an_empty_file_more_is_counted(tree: Path, tmp_path: Path) -> None:
    """It has no content that an answer could rest on."""
    searched(tree, cache(tmp_path), asked=b"question")
    (tree / "another").touch()
    assert searched(tree, cache(tmp_path), asked=b"question").files == searched(tree, None).files == 10


def test_an_answer_that_lacks_something_is_not_kept(tree: Path, tmp_path: Path) -> None:
    """What could not be read, or changed meanwhile, is told each time."""

    def meddle(phase: str, _files: int, _size: int, _path: bytes) -> None:
        if phase == "hash":
            (tree / "c").write_bytes(b"other")

    first = searched(tree, cache(tmp_path), asked=b"question", report=meddle)
    second = searched(tree, cache(tmp_path), asked=b"question")
    assert (first.notes.changed_count, counts(second)[:2]) == (1, (6, 1))


def test_what_changed_a_moment_ago_is_read_again(tree: Path, tmp_path: Path) -> None:
    """Its next change might leave the same times; so no answer that rests on it is kept either."""
    now = cache(tmp_path, later=0)
    first = searched(tree, now, asked=b"question")
    assert first.notes.unsettled == 8
    assert counts(searched(tree, now, asked=b"question")) == counts(first)


def test_digests_are_used_for_a_while(tree: Path, tmp_path: Path) -> None:
    """Counted from when they were made, and the answer that rests on them no longer than they."""
    searched(tree, cache(tmp_path), asked=b"question")
    (tree / "new").write_bytes(b"new")
    searched(tree, cache(tmp_path, later=1.5 * HOUR), asked=b"question")
    found = searched(tree, cache(tmp_path, later=2.5 * HOUR), asked=b"question")
    assert counts(found)[:2] == (0, 8)


def test_a_flat_folder_is_kept_whole(tmp_path: Path) -> None:
    """Though several processes share it; what was taken away is forgotten."""
    tree = make(tmp_path / "tree", {f"{number:05}": b"%d" % (number // 2) for number in range(3000)})
    assert counts(searched(tree, cache(tmp_path)))[:2] == (0, 3000)
    for number in range(100):
        (tree / f"{number:05}").unlink()
    for _ in range(2):
        assert counts(searched(tree, cache(tmp_path))) == (2900, 0, 0)
    with closing(sqlite3.connect(cache(tmp_path).path)) as connection:
        assert connection.execute("SELECT length(packed) FROM folders").fetchall() == [(2900 * 72,)]


def test_a_root_may_be_a_file(tree: Path, tmp_path: Path) -> None:
    """It is known as one of its folder."""
    searched(tree, cache(tmp_path))
    assert counts(searched(tree / "a", cache(tmp_path))) == (1, 0, 0)


@pytest.mark.parametrize("at", [0, 5000])
def test_a_damaged_cache_is_made_anew(tree: Path, tmp_path: Path, at: int) -> None:
    """Whatever is damaged of it, the answer is right, and the one after the next is from the cache."""
    file = cache(tmp_path)
    searched(tree, file)
    with Path(file.path).open("r+b") as damaged:
        damaged.seek(at)
        damaged.write(b"\xff" * 60_000)
    for end in ("-wal", "-shm"):
        Path(f"{file.path}{end}").unlink(missing_ok=True)
    expected = told(searched(tree, None))
    assert [told(searched(tree, file)) for _ in range(3)] == [expected] * 3
    assert counts(searched(tree, file)) == (7, 0, 0)


def test_a_cache_that_cannot_be_written_is_told(tree: Path, tmp_path: Path) -> None:
    """And the answer is right without."""
    (tmp_path / "file").touch()
    found = searched(tree, cache(tmp_path / "file"))
    assert told(found) == told(searched(tree, None))
    assert found.notes.cache_errors


def test_there_is_never_more_than_may_be_kept(tree: Path, tmp_path: Path) -> None:
    """Then files are read again, and the answer is right."""
    small = cache(tmp_path, room=300)
    assert told(searched(tree, small, asked=b"question")) == told(searched(tree, small)) == told(searched(tree, None))
    with closing(sqlite3.connect(small.path)) as connection:
        (size,) = connection.execute("SELECT coalesce(sum(length(packed)), 0) FROM folders").fetchone()
    assert size <= 300


@pytest.mark.parametrize("phase", ["walk", "hash", "compare"])
def test_whoever_raises_ends_it(tree: Path, tmp_path: Path, phase: str) -> None:
    """In any phase; nothing stays open."""
    before = open_descriptors()

    def cancel(now: str, _files: int, _size: int, _path: bytes) -> None:
        if now == phase:
            raise CancelledError

    with pytest.raises(CancelledError):
        searched(tree, cache(tmp_path), report=cancel)
    assert open_descriptors() == before
