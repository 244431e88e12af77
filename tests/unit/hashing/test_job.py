"""The digests of a file, of several and of a tree."""

import base64
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import CancelledError, PathForbiddenError, PathNotFoundError
from optimizer.hashing.job import HashJob
from optimizer.hashing.local_cache import LocalHashCache, NullHashCache
from optimizer.host.files import AnyPath, Opener, ScanRoots
from optimizer.host.meter import NoProgress
from optimizer.ports import HashCache, Progress
from optimizer.storage.duplicates.find import find_duplicates
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening
from tests.trees import make, open_descriptors, opened

#: So late that every file of a test is settled.
LATE = FakeClock(datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> HashCache:
    return LocalHashCache(
        tmp_path_factory.mktemp("cache") / "digests.db", ttl_seconds=3600, room=10_000_000, clock=LATE
    )


def hashed(
    *paths: Path | bytes,
    cache: HashCache | None = None,
    progress: Progress | None = None,
    opener: Opener | None = None,
    clock: FakeClock = LATE,
    algorithm: str = "sha256",
    limit: int = 1000,
) -> Any:
    job = HashJob(
        algorithm=algorithm,
        opener=opener or AnyPath(),
        cache=cache or NullHashCache(),
        clock=clock,
        progress=progress or Listening(),
    )
    return job.run([os.fsencode(path) for path in paths], limit)


def test_a_file_is_hashed(tmp_path: Path) -> None:
    """With its digest, its size, and whether the cache knew it."""
    make(tmp_path, {"file": b"content"})
    result = hashed(tmp_path / "file", algorithm="sha512")
    expected = hashlib.sha512(b"content").hexdigest()
    assert result["hashes"] == {str(tmp_path / "file"): {"digest": expected, "cached": False, "size": 7}}
    assert (result["algorithm"], result["files_hashed"], result["bytes_read"]) == ("sha512", 1, 7)


def test_a_tree_is_hashed(tmp_path: Path) -> None:
    """Its regular files, empty ones among them; links and FIFOs have no content of their own."""
    make(tmp_path, {"a": b"a", "sub/b": b"b", "sub/empty": b"", "link": "a"})
    os.mkfifo(tmp_path / "fifo")
    assert set(hashed(tmp_path)["hashes"]) == {str(tmp_path / name) for name in ("a", "sub/b", "sub/empty")}


def test_the_second_time_nothing_is_read(tmp_path: Path, cache: HashCache) -> None:
    """The hits are counted, and each digest says that it was cached."""
    make(tmp_path, {"a": b"a", "b": b"b"})
    first, second = hashed(tmp_path, cache=cache), hashed(tmp_path, cache=cache)
    assert first["cache"] == {"hits": 0, "misses": 2, "hit_rate": 0.0}
    assert second["cache"] == {"hits": 2, "misses": 0, "hit_rate": 1.0}
    assert (second["bytes_read"], [row["cached"] for row in second["hashes"].values()]) == (0, [True, True])
    assert {path: row["digest"] for path, row in first["hashes"].items()} == {
        path: row["digest"] for path, row in second["hashes"].items()
    }


def test_a_file_that_was_just_written_is_not_cached(tmp_path: Path, cache: HashCache) -> None:
    """Its next change might leave the same times."""
    make(tmp_path, {"a": b"a"})
    now = FakeClock(datetime.fromtimestamp((tmp_path / "a").stat().st_mtime + 1, UTC))
    hashed(tmp_path, cache=cache, clock=now)
    assert hashed(tmp_path, cache=cache, clock=now)["cache"]["hits"] == 0


def test_an_edit_that_hides_itself_is_found(tmp_path: Path, cache: HashCache) -> None:
    """Of the same size, and with its time of change put back: the kernel's own time tells."""
    path = make(tmp_path, {"file": b"before"}) / "file"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    hashed(path, cache=cache)
    path.write_bytes(b"after!")
    os.utime(path, ns=times)
    result = hashed(path, cache=cache)
    assert result["hashes"][str(path)]["digest"] == hashlib.sha256(b"after!").hexdigest()
    assert result["cache"]["hits"] == 0


def test_a_file_is_known_by_its_folder(tmp_path: Path, cache: HashCache) -> None:
    """Whether it was hashed alone or with the others there, and the others are not forgotten."""
    make(tmp_path, {"a": b"a", "b": b"b", "sub/c": b"c"})
    paths = (tmp_path / "a", tmp_path, tmp_path / "b", tmp_path / "sub/c", tmp_path)
    hits = [hashed(path, cache=cache)["cache"]["hits"] for path in paths]
    assert hits == [0, 1, 1, 1, 3]


def test_a_search_for_duplicates_has_read_it(tmp_path: Path, cache: HashCache) -> None:
    """Hash jobs and searches share one cache, for SHA-256 is what proves that files are equal."""
    tree = make(tmp_path, {"a": b"same", "sub/b": b"same", "large": bytes(100_000), "sub/large": bytes(100_000)})
    with opened(tree) as open_tree:
        find_duplicates([open_tree], cache, NoProgress())
    assert hashed(tree, cache=cache)["bytes_read"] == 0
    (tree / "new").write_bytes(b"same")
    hashed(tree, cache=cache)
    with opened(tree) as open_tree:
        report = find_duplicates([open_tree], cache, NoProgress())
    assert (report.bytes_read, report.cache["hits"], [group.copies for group in report.groups]) == (0, 5, [2, 3])
    assert hashed(tree, cache=cache, algorithm="sha512")["cache"]["hits"] == 0


def test_hard_links_are_read_once(tmp_path: Path) -> None:
    """Every name has its digest."""
    make(tmp_path, {"a": b"content"})
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    result = hashed(tmp_path)
    assert (result["files_hashed"], result["bytes_read"], result["cache"]["misses"]) == (2, 7, 1)


def test_a_path_asked_for_twice_is_hashed_once(tmp_path: Path) -> None:
    """Whether it is named again, or lies in a folder that is named as well."""
    make(tmp_path, {"sub/file": b"content"})
    result = hashed(tmp_path / "sub/file", tmp_path / "sub", tmp_path / "sub/file")
    assert (result["files_hashed"], result["bytes_read"]) == (1, 7)


def test_odd_paths_never_share_a_key(tmp_path: Path) -> None:
    r"""A byte that is no UTF-8 is shown as \xff, and a file may be called just that."""
    odd = [b"\xff", rb"\xff", rb"\xff (2)", b"\xff (2)", b"\xe9", "é".encode()]
    for number, name in enumerate(odd):
        (tmp_path / os.fsdecode(name)).write_bytes(b"%d" % number)
    result = hashed(tmp_path)
    assert len(result["hashes"]) == len(odd)
    exact = {
        base64.b64decode(row["path_bytes"]) if "path_bytes" in row else path.encode(): row["digest"]
        for path, row in result["hashes"].items()
    }
    assert exact == {
        os.fsencode(tmp_path) + b"/" + name: hashlib.sha256(b"%d" % number).hexdigest()
        for number, name in enumerate(odd)
    }


@pytest.mark.parametrize(("limit", "truncated"), [(4, True), (5, False), (6, False)])
def test_more_files_than_a_result_can_name_are_left_out(tmp_path: Path, limit: int, truncated: bool) -> None:
    """And the result says so."""
    make(tmp_path, {f"{number}": b"" for number in range(5)})
    result = hashed(tmp_path, limit=limit)
    assert (result["files_hashed"], result["truncated"]) == (min(limit, 5), truncated)


def test_a_missing_file_fails_a_job_of_its_own(tmp_path: Path) -> None:
    """There is nothing else that the job could be good for."""
    with pytest.raises(PathNotFoundError):
        hashed(tmp_path / "missing")


def test_a_missing_file_among_others_is_recorded(tmp_path: Path) -> None:
    """The others are hashed."""
    make(tmp_path, {"file": b""})
    result = hashed(tmp_path / "missing", tmp_path / "file")
    assert (result["files_hashed"], result["error_count"], result["errors"][0]["path"]) == (
        1, 1, str(tmp_path / "missing"),
    )  # fmt: skip


def test_a_forbidden_path_fails_the_whole_job(tmp_path: Path) -> None:
    """To hash the others would hide the refusal."""
    make(tmp_path, {"root/file": b"", "outside": b""})
    with pytest.raises(PathForbiddenError):
        hashed(tmp_path / "root/file", tmp_path / "outside", opener=ScanRoots([tmp_path / "root"]))


class Editing(Listening):
    """Edits a file once hashing has begun."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def report(self, **counts: int | str) -> None:
        if counts["phase"] == "hash":
            self._path.write_bytes(b"edited")


def test_a_file_that_changes_meanwhile_has_no_digest(tmp_path: Path) -> None:
    """It is named instead."""
    make(tmp_path, {"a": b"a", "b": b"before"})
    result = hashed(tmp_path, progress=Editing(tmp_path / "b"))
    assert set(result["hashes"]) == {str(tmp_path / "a")}
    assert (result["changed"], result["changed_count"]) == ([{"path": str(tmp_path / "b")}], 1)


@pytest.mark.parametrize("cancel_at", [1, 2])
def test_a_cancelled_job_ends_at_once(tmp_path: Path, cancel_at: int) -> None:
    """And leaves nothing open."""
    make(tmp_path, {"a": b"a", "b": b"b"})
    before = open_descriptors()
    with pytest.raises(CancelledError):
        hashed(tmp_path / "a", tmp_path / "b", progress=Listening(cancel_at=cancel_at))
    assert open_descriptors() == before


def test_many_targets_need_few_descriptors(tmp_path: Path) -> None:
    """Each is closed once its batch has been read."""
    make(tmp_path, {f"{number}": b"" for number in range(50)})
    before = open_descriptors()
    result = hashed(*(tmp_path / f"{number}" for number in range(50)))
    assert (result["files_hashed"], open_descriptors()) == (50, before)
