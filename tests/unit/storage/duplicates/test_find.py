"""The search for duplicates finds every group, and nothing else."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.errors import CancelledError
from optimizer.hashing.kept import pack_digests, pack_row
from optimizer.hashing.local_cache import LocalHashCache, NullHashCache
from optimizer.host.clock import SystemClock
from optimizer.host.meter import NoProgress
from optimizer.host.walk import key_of
from optimizer.ports import HashCache, KeptDigests, Progress
from optimizer.storage.duplicates.find import find_duplicates
from optimizer.storage.duplicates.report import DuplicateReport
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening
from tests.trees import make, open_descriptors, opened, unprivileged

LARGE = 100_000  #: bytes: more than what is read whole at once


def search(root: Path, *, cache: HashCache | None = None, progress: Progress | None = None) -> DuplicateReport:
    with opened(root) as tree:
        return find_duplicates([tree], cache or NullHashCache(), progress or NoProgress())


def groups(report: DuplicateReport) -> list[list[str]]:
    return [[os.fsdecode(name.facts.path).rpartition("/")[2] for name in group.names] for group in report.groups]


def test_equal_files_are_a_group(tmp_path: Path) -> None:
    """With the SHA-256 of their content; a file that only has the same size is in none."""
    make(tmp_path, {"a": b"same", "sub/b": b"same", "c": b"else", "d": b"longer"})
    (group,) = search(tmp_path).groups
    assert (group.digest, group.size, group.copies) == (hashlib.sha256(b"same").digest(), 4, 2)
    assert [name.facts.path for name in group.names] == [os.fsencode(tmp_path / name) for name in ("a", "sub/b")]


def test_those_that_waste_most_come_first(tmp_path: Path) -> None:
    """Then by digest, so that the same tree always gives the same answer."""
    make(tmp_path, {"a1": b"a" * 10, "a2": b"a" * 10, "b1": b"b" * 9, "b2": b"b" * 9, "b3": b"b" * 9})
    make(tmp_path, {f"{name}{number}": name.encode() * 3 for name in "cdef" for number in range(2)})
    report = search(tmp_path)
    wasted = [group.reclaimable_bytes for group in report.groups]
    assert wasted == [18, 10, 3, 3, 3, 3]
    assert [group.digest for group in report.groups[2:]] == sorted(group.digest for group in report.groups[2:])
    assert report.reclaimable_bytes == sum(wasted)


def test_empty_files_and_links_are_no_duplicates(tmp_path: Path) -> None:
    """There is nothing in them to save."""
    make(tmp_path, {"a": b"", "b": b"", "c": b"same", "d": "c"})
    assert list(search(tmp_path).groups) == []


def test_names_of_one_inode_are_one_copy(tmp_path: Path) -> None:
    """Hard links waste nothing; in a group, all names of a copy are listed and it counts once."""
    make(tmp_path, {"a": b"same", "c": b"same", "alone": b"other"})
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "also-alone").hardlink_to(tmp_path / "alone")
    report = search(tmp_path)
    (group,) = report.groups
    assert groups(report) == [["a", "b", "c"]]
    assert (group.copies, group.reclaimable_bytes) == (2, 4)


@pytest.mark.parametrize("where", [0, 5000, LARGE // 2, LARGE - 5000, LARGE - 1])
def test_one_byte_makes_a_difference(tmp_path: Path, where: int) -> None:
    """Wherever it is in a large file."""
    content = bytes(LARGE)
    edited = content[:where] + b"x" + content[where + 1 :]
    make(tmp_path, {"a": content, "b": content, "c": edited})
    assert groups(search(tmp_path)) == [["a", "b"]]


def test_near_misses_are_not_read_whole(tmp_path: Path) -> None:
    """Files above 1 MiB that differ at an end cost 24 KiB each at most."""
    make(tmp_path, {f"{number}": bytes(2 << 20) + bytes([number]) for number in range(10)})
    assert 10 * 8192 <= search(tmp_path).bytes_read <= 10 * (16_384 + 8192)


def test_of_files_of_their_own_size_only_the_beginning_is_read(tmp_path: Path) -> None:
    """Nothing can equal them. Small files are read while they are looked at: to come back would cost more."""
    make(tmp_path, {f"{size}": b"x" * size for size in (10, 20_000, LARGE)})
    assert search(tmp_path).bytes_read <= 10 + 2 * 16_384


def settled(folder: Path) -> LocalHashCache:
    """A cache that takes the files for an hour old: their ctime cannot be set back."""
    clock = FakeClock(SystemClock().now())
    clock.move(3600)
    return LocalHashCache(folder / "digests.db", ttl_seconds=100, room=10_000_000, clock=clock)


def test_a_second_search_reads_nothing(tmp_path: Path) -> None:
    """Where the cache knows all digests, small files and large ones alike."""
    tree = make(tmp_path / "tree", {"a": b"same", "b": b"same", "c": bytes(LARGE), "d": bytes(LARGE)})
    cache = settled(tmp_path)
    first, second = search(tree, cache=cache), search(tree, cache=cache)
    assert groups(first) == groups(second) == [["c", "d"], ["a", "b"]]
    assert (first.cache["misses"], second.cache["hits"], second.bytes_read) == (4, 4, 0)


def test_what_the_cache_says_of_another_state_is_not_believed(tmp_path: Path) -> None:
    """A digest holds for a size, mtime and ctime; any other one is read anew."""
    tree = make(tmp_path / "tree", {"a": b"same", "b": b"else"})
    cache = settled(tmp_path)
    stale = {}
    for name in "ab":
        status = (tree / name).stat()
        stale[pack_row(*key_of(status), status.st_size, status.st_mtime_ns, status.st_ctime_ns - 1)] = bytes(32)
    at = cache.file().now
    cache.put_many("sha256", {key_of(tree.stat()): KeptDigests(at, pack_digests(stale))})
    assert list(search(tree, cache=cache).groups) == []


class Meddling(Listening):
    """Changes files while the search is at its second phase."""

    def __init__(self, changes: Mapping[Path, bytes]) -> None:
        super().__init__()
        self._changes = changes

    def report(self, **counts: int | str) -> None:
        if counts["phase"] != "walk":
            for path, content in self._changes.items():
                path.write_bytes(content)
            self._changes = {}


def test_a_larger_file_that_changes_meanwhile_is_left_out(tmp_path: Path) -> None:
    """It is named, and the others are still a group; nothing is claimed of what it was."""
    make(tmp_path, {"a": b"x" * LARGE, "b": b"x" * LARGE, "c": b"x" * LARGE})
    report = search(tmp_path, progress=Meddling({tmp_path / "c": b"y" * LARGE}))
    assert groups(report) == [["a", "b"]]
    assert (report.changed, report.changed_count) == (({"path": str(tmp_path / "c")},), 1)


@pytest.mark.parametrize("size", [4, LARGE])
def test_a_file_that_changes_before_it_is_read_through_a_cache_is_left_out(tmp_path: Path, size: int) -> None:
    """With a cache, files of any size are read after all have been looked at."""
    tree = make(tmp_path / "tree", {"a": b"x" * size, "b": b"x" * size, "c": b"x" * size})
    report = search(tree, cache=settled(tmp_path), progress=Meddling({tree / "c": b"y" * size}))
    assert groups(report) == [["a", "b"]]
    assert (report.changed, report.changed_count) == (({"path": str(tree / "c")},), 1)


def test_a_small_file_that_is_not_as_long_as_it_says_is_left_out() -> None:
    """As one is that grows or shrinks while it is read; files of sysfs always say that they have a page."""
    report = search(Path("/sys/kernel/mm"))
    assert list(report.groups) == []
    assert 0 < report.changed_count <= report.files


def test_a_file_that_cannot_be_read_is_recorded(tmp_path: Path) -> None:
    """The search goes on without it."""
    make(tmp_path, {"a": b"same", "b": b"same", "c": b"same"})
    tmp_path.chmod(0o755)
    (tmp_path / "b").chmod(0)
    with opened(tmp_path) as tree, unprivileged():
        report = find_duplicates([tree], NullHashCache(), NoProgress())
    assert groups(report) == [["a", "c"]]
    assert report.log.errors == [{"path": str(tmp_path / "b"), "error": "Permission denied"}]


def test_duplicates_are_found_across_trees(tmp_path: Path) -> None:
    """One copy in each of two folders that were asked for."""
    make(tmp_path, {"one/a": b"same", "two/b": b"same"})
    with opened(tmp_path / "one") as one, opened(tmp_path / "two/b") as two:
        report = find_duplicates([one, two], NullHashCache(), NoProgress())
    assert groups(report) == [["a", "b"]]


@pytest.mark.parametrize("cancel_at", [1, 2, 3])
def test_a_cancelled_search_ends_at_once(tmp_path: Path, cancel_at: int) -> None:
    """In any phase, and leaves no file open."""
    make(tmp_path, {"a": bytes(LARGE), "b": bytes(LARGE), "c": b"same", "d": b"same"})
    before = open_descriptors()
    with pytest.raises(CancelledError):
        search(tmp_path, progress=Listening(cancel_at=cancel_at))
    assert open_descriptors() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 65_536, 65_537, 70_000]), st.integers(0, 2), st.booleans()), max_size=9)
)
def test_groups_are_those_of_a_comparison(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[int, int, bool]]
) -> None:
    """Whatever the files: what the search finds is what comparing every file with every other one finds."""
    root = tmp_path_factory.mktemp("tree")
    truth = defaultdict(list)
    for number, (size, byte, at_end) in enumerate(files):
        content = bytes(size - 1) + bytes([byte]) if at_end and size else bytes([byte]) * size
        make(root, {f"{number}": content})
        truth[content].append(f"{number}")
    expected = sorted(names for content, names in truth.items() if content and len(names) > 1)
    assert sorted(groups(search(root))) == expected


def test_the_summary_has_the_fields_that_clients_read(tmp_path: Path) -> None:
    """Twenty groups in detail, and the sums of all."""
    make(tmp_path, {f"{number:02}{copy}": b"%02d" % number for number in range(25) for copy in "abc"})
    summary = search(tmp_path).summary_json()
    assert (summary["duplicate_groups"], summary["total_duplicates"]) == (25, 50)
    assert summary["space_wasted_bytes"] == summary["total_wasted_space"] == 100
    details = summary["duplicate_details"]
    assert isinstance(details, list)
    assert len(details) == 20
    assert {"hash", "files", "duplicate_count", "space_wasted"} <= set(details[0])
    assert set(details[0]["files"][0]) == {"path", "name", "size", "mtime", "atime", "extension"}
    assert (details[0]["duplicate_count"], details[0]["space_wasted"]) == (2, 4)


def test_the_json_names_every_file(tmp_path: Path) -> None:
    """With what tells hard links from copies."""
    make(tmp_path, {"a": b"same", "b": b"same"})
    status = (tmp_path / "a").stat()
    found: Any = search(tmp_path).to_json()
    (group,) = found["groups"]
    assert group["files"][0] == {"path": str(tmp_path / "a"), "device": status.st_dev, "inode": status.st_ino}
    assert group["digest"] == hashlib.sha256(b"same").hexdigest()
