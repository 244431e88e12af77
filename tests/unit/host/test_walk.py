"""The walk: every name once, whatever is wrong with it."""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from optimizer.errors import CancelledError
from optimizer.host.files import raise_open_file_limit
from optimizer.host.tree import Folder, ScanLog, TreeReader
from optimizer.host.walk import seen_file, walk
from tests import strategies
from tests.fakes.job import Listening
from tests.trees import make, open_descriptors, opened, unprivileged, walked


def names(path: Path | bytes, log: ScanLog | None = None) -> list[bytes]:
    """The paths of all that is no folder, below `path`."""
    root = os.fsencode(path)
    return [folder.path_of(name).removeprefix(root + b"/") for folder, found in walked(path, log) for name, _ in found]


def test_every_name_comes_once_in_a_fixed_order(tmp_path: Path) -> None:
    """A folder's own entries by name, then its folders by name; hidden ones among them."""
    make(tmp_path, {"b/2": b"", "b/1": b"", "a/deep/x": b"", ".hidden/y": b"", "c": b"", "B": b""})
    assert names(tmp_path) == [b"B", b"c", b".hidden/y", b"a/deep/x", b"b/1", b"b/2"]


def test_a_file_is_a_tree_of_one_file(tmp_path: Path) -> None:
    """What can be asked of a folder can be asked of a file."""
    make(tmp_path, {"sub/file": b"content"})
    ((folder, [(name, status)]),) = walked(tmp_path / "sub/file")
    assert folder.path_of(name) == os.fsencode(tmp_path / "sub/file")
    assert status.st_size == len(b"content")


def test_links_are_entries_and_never_followed(tmp_path: Path) -> None:
    """Neither to files nor to folders, and a loop is no trap."""
    make(tmp_path, {"folder/file": b"", "to-folder": "folder", "loop": "loop", "folder/up": "..", "gone": "nowhere"})
    assert names(tmp_path) == [b"gone", b"loop", b"to-folder", b"folder/file", b"folder/up"]


def test_quarantine_is_never_entered(tmp_path: Path) -> None:
    """What waits there for its purge is nobody's file any more, at any depth."""
    make(tmp_path, {".hro-quarantine/id/file": b"", "sub/.hro-quarantine/file": b"", "sub/kept": b""})
    assert names(tmp_path) == [b"sub/kept"]


def test_a_file_may_have_the_name_of_quarantine(tmp_path: Path) -> None:
    """Only a folder is one."""
    make(tmp_path, {"sub/.hro-quarantine": b""})
    assert names(tmp_path) == [b"sub/.hro-quarantine"]


@pytest.fixture(scope="module")
def odd_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(strategies.file_names, strategies.file_names)
def test_any_name_is_walked_and_read(odd_root: Path, folder_name: bytes, file_name: bytes) -> None:
    """Names are bytes: what is no UTF-8, a newline or a dash at the start are names like others."""
    folder = os.path.join(os.fsencode(odd_root), folder_name)  # noqa: PTH118 - bytes
    path = os.path.join(folder, file_name)  # noqa: PTH118
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(file_name)
    with opened(odd_root) as tree, closing(walk(tree, ScanLog(), Listening())) as folders:
        ((seen, name),) = [(seen, name) for seen, found in folders for name, _ in found]
        with closing(TreeReader()) as reader, reader.opened(seen, name) as descriptor:
            assert (seen.path_of(name), os.read(descriptor, 1000)) == (path, file_name)
    os.unlink(path)  # noqa: PTH108
    os.rmdir(folder)  # noqa: PTH106


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Path]:
    """A folder in a folder 2,000 deep, longer than any path may be, and a file at its end."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("deep", dir_fd=descriptor)
        descriptor = step(descriptor, "deep")
    os.close(os.open("end", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
    yield tmp_path
    os.unlink("end", dir_fd=descriptor)
    for _ in range(2000):  # shutil.rmtree recurses, and could not
        descriptor = step(descriptor, "..")
        os.rmdir("deep", dir_fd=descriptor)
    os.close(descriptor)


def step(descriptor: int, name: str) -> int:
    there = os.open(name, os.O_RDONLY, dir_fd=descriptor)
    os.close(descriptor)
    return there


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """A limit of open files that a descriptor for each level would break."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(open_descriptors()) + 20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_two_thousand_levels_are_walked_and_read(chain: Path, few_descriptors: None) -> None:
    """No recursion, no path longer than the kernel takes, and no descriptor for each level."""
    log = ScanLog()
    with opened(chain) as tree, closing(walk(tree, log, Listening())) as folders:
        *_, (folder, [(name, _)]) = folders
        with closing(TreeReader()) as reader, reader.opened(folder, name) as descriptor:
            assert stat.S_ISREG(os.fstat(descriptor).st_mode)
    assert (folder.depth, name, log.error_count) == (2000, b"end", 0)


def test_levels_with_folders_to_come_need_descriptors(tmp_path: Path, few_descriptors: None) -> None:
    """Where there are not enough of them, what cannot be entered is recorded and the rest is walked."""
    folder = tmp_path
    for _ in range(60):
        make(folder, {"deep/file": b"", "last/file": b""})
        folder /= "deep"
    log = ScanLog()
    found = names(tmp_path, log)
    assert (log.errors[0]["error"], found[-1]) == ("Too many open files", b"last/file")


def test_the_raised_limit_is_enough_for_a_bushy_deep_tree(tmp_path: Path) -> None:
    """As the service starts, it raises the limit of open files."""
    folder = tmp_path
    for _ in range(120):
        make(folder, {"deep/f": b"", "last/f": b""})
        folder /= "deep"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_open_file_limit()
    log = ScanLog()
    assert (len(names(tmp_path, log)), log.error_count) == (240, 0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_folder_that_may_not_be_read_is_recorded(tmp_path: Path) -> None:
    """It counts as a folder, what is in it does not, and the walk goes on."""
    make(tmp_path, {"closed/file": b"", "open/file": b""})
    tmp_path.chmod(0o755)
    (tmp_path / "closed").chmod(0)
    log = ScanLog()
    with opened(tmp_path) as tree, unprivileged(), closing(walk(tree, log, Listening())) as folders:
        found = [(folder.relative, [name for name, _ in entries]) for folder, entries in folders]
    assert found == [(b"", []), (b"closed", []), (b"open", [b"file"])]
    assert log.errors == [{"path": str(tmp_path / "closed"), "error": "Permission denied"}]


def test_what_vanishes_meanwhile_is_recorded(tmp_path: Path) -> None:
    """A folder and a file that were there when their names were read."""
    make(tmp_path, {"a/file": b"", "b/file": b"", "c/file": b""})
    log = ScanLog()
    with opened(tmp_path) as tree, closing(walk(tree, log, Listening())) as folders:
        seen = []
        for folder, entries in folders:
            seen += [folder.path_of(name) for name, _ in entries]
            if folder.relative == b"a":
                (tmp_path / "b/file").unlink()
                (tmp_path / "b").rmdir()
    assert seen == [os.fsencode(tmp_path / "a/file"), os.fsencode(tmp_path / "c/file")]
    assert log.errors == [{"path": str(tmp_path / "b"), "error": "No such file or directory"}]


def test_a_folder_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    """Between reading its name and entering it, somebody may have put a link in its place."""
    make(tmp_path, {"tree/a/file": b"", "tree/b/file": b"", "outside/secret": b""})
    log = ScanLog()
    with opened(tmp_path / "tree") as tree, closing(walk(tree, log, Listening())) as folders:
        seen = []
        for folder, entries in folders:
            seen += [name for name, _ in entries]
            if folder.relative == b"a":
                (tmp_path / "tree/b").rename(tmp_path / "moved")
                (tmp_path / "tree/b").symlink_to("../outside")
    assert (seen, log.error_count) == ([b"file"], 1)


def test_a_large_folder_comes_in_parts(tmp_path: Path) -> None:
    """A million names in one folder take the memory of 512."""
    make(tmp_path, {f"{number:04}": b"" for number in range(1200)})
    found = walked(tmp_path)
    assert [len(entries) for _, entries in found] == [512, 512, 176]
    assert len({id(folder) for folder, _ in found}) == 1


def test_only_the_first_errors_are_kept(tmp_path: Path) -> None:
    """Their number is true all the same."""
    log = ScanLog()
    for number in range(250):
        log.record(b"path %d" % number, "text")
    assert (len(log.errors), log.error_count) == (100, 250)


def test_progress_tells_files_bytes_and_place(tmp_path: Path) -> None:
    """At the least every 512 entries."""
    make(tmp_path, {f"{number:04}": b"xy" for number in range(1200)})
    progress = Listening()
    walked(tmp_path, progress=progress)
    assert progress.reports == [
        {"phase": "walk", "files": 512, "bytes": 1024, "current": str(tmp_path)},
        {"phase": "walk", "files": 1024, "bytes": 2048, "current": str(tmp_path)},
    ]


def test_a_cancelled_walk_ends_at_once_and_leaves_nothing_open(tmp_path: Path) -> None:
    """The error passes through, and every descriptor is closed."""
    make(tmp_path, {f"{level}/{number}": b"" for level in "abc" for number in range(600)})
    before = open_descriptors()
    with pytest.raises(CancelledError):
        walked(tmp_path, progress=Listening(cancel_at=2))
    assert open_descriptors() == before


def test_a_walk_that_is_given_up_leaves_nothing_open(tmp_path: Path) -> None:
    """Where the one who asked for it fails in the middle."""
    make(tmp_path, {"a/b/c/d": b"", "a/c/d": b"", "b/c": b""})
    before = open_descriptors()
    with opened(tmp_path) as tree, closing(walk(tree, ScanLog(), Listening())) as folders:
        for folder, _ in folders:
            if folder.depth == 2:
                break
    assert open_descriptors() == before


def test_reading_finds_the_file_that_was_seen(tmp_path: Path) -> None:
    """A name that has become a link meanwhile is refused."""
    make(tmp_path, {"a/file": b"", "b/file": b"", "secret": b""})
    with opened(tmp_path) as tree, closing(walk(tree, ScanLog(), Listening())) as folders:
        seen = [seen_file(folder, name, status) for folder, entries in folders for name, status in entries]
        (tmp_path / "a/file").unlink()
        (tmp_path / "a/file").symlink_to("../secret")
        with closing(TreeReader()) as reader, pytest.raises(OSError, match="symbolic links"):
            reader.open(seen[1].folder, seen[1].name)
        (tmp_path / "b").rename(tmp_path / "moved")
        (tmp_path / "b").symlink_to("moved")
        with closing(TreeReader()) as reader, pytest.raises(OSError, match="symbolic links"):
            reader.open(seen[2].folder, seen[2].name)


def test_a_folder_tells_its_path(tmp_path: Path) -> None:
    """As it was asked for, also where that was relative."""
    with opened(tmp_path) as tree:
        tree.path = b"."
        assert Folder(tree, b"a/b", 2, inode=0, allocated=0).path_of(b"c") == b"./a/b/c"
