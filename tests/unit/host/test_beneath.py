"""Opening beneath a folder: one call of the kernel and the step by step way give the same answers."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from optimizer.host.beneath import READ, open_beneath, open_stepwise, open_untouched
from tests.trees import make

Open = Callable[[int, bytes, int], int]


@pytest.fixture(params=[open_beneath, open_stepwise], ids=["openat2", "stepwise"])
def open_in(request: pytest.FixtureRequest) -> Open:
    function: Open = request.param
    return function


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    make(tmp_path / "outside", {"secret": b"secret"})
    make(
        tmp_path / "root",
        {
            "file": b"file",
            "sub/inner": b"inner",
            "to-file": "file",
            "to-sub": "sub",
            "to-outside": "../outside",
            "to-secret": "../outside/secret",
            "to-nothing": "nowhere",
        },
    )
    descriptor = os.open(tmp_path / "root", os.O_PATH | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize(
    ("relative", "content"),
    [(b"file", b"file"), (b"sub/inner", b"inner"), (b"./sub/./inner", b"inner"), (b"sub//inner", b"inner")],
)
def test_what_is_beneath_is_opened(open_in: Open, root: int, relative: bytes, content: bytes) -> None:
    """However its path is spelled."""
    descriptor = open_in(root, relative, READ)
    assert os.read(descriptor, 100) == content
    os.close(descriptor)


@pytest.mark.parametrize("relative", [b"", b".", b"./"])
def test_an_empty_path_is_the_folder_itself(open_in: Open, root: int, relative: bytes) -> None:
    """The root of a tree has no name below the tree."""
    descriptor = open_in(root, relative, READ | os.O_DIRECTORY)
    assert os.path.samestat(os.fstat(descriptor), os.fstat(root))
    os.close(descriptor)


@pytest.mark.parametrize("flags", [READ, READ | os.O_DIRECTORY, os.O_PATH, os.O_PATH | os.O_DIRECTORY])
@pytest.mark.parametrize(
    ("relative", "number"),
    [
        (b"to-file", errno.ELOOP),
        (b"to-sub", errno.ELOOP),
        (b"to-sub/inner", errno.ELOOP),
        (b"to-outside/secret", errno.ELOOP),
        (b"to-secret", errno.ELOOP),
        (b"to-nothing", errno.ELOOP),
        (b"../outside/secret", errno.EXDEV),
        (b"sub/../../outside/secret", errno.EXDEV),
        (b"sub/..", errno.EXDEV),
        (b"/etc/passwd", errno.EXDEV),
        (b"nowhere", errno.ENOENT),
        (b"nowhere/at/all", errno.ENOENT),
        (b"file/inner", errno.ENOTDIR),
        (b"file\0", errno.EINVAL),
        (b"x" * 300, errno.ENAMETOOLONG),
    ],
)
def test_nothing_else_is_opened(open_in: Open, root: int, relative: bytes, number: int, flags: int) -> None:
    """Links, escapes and absent files are refused with the kernel's own words, whatever is asked for."""
    with pytest.raises(OSError, match=r"\[Errno \d+\]") as caught:
        open_in(root, relative, flags)
    assert caught.value.errno == number


def test_a_file_is_no_folder(open_in: Open, root: int) -> None:
    """O_DIRECTORY holds beneath as well."""
    with pytest.raises(NotADirectoryError):
        open_in(root, b"file", READ | os.O_DIRECTORY)


def test_a_path_may_be_longer_than_the_kernel_takes_at_once(root: int, tmp_path: Path) -> None:
    """Of more than 4,096 bytes, each part is opened in turn."""
    inner = os.open(tmp_path / "root", os.O_PATH)
    relative = b"/".join([b"d" * 200] * 30)
    for part in relative.split(b"/"):
        os.mkdir(part, dir_fd=inner)
        deeper = os.open(part, os.O_PATH | os.O_DIRECTORY, dir_fd=inner)
        os.close(inner)
        inner = deeper
    descriptor = open_beneath(root, relative, READ | os.O_DIRECTORY)
    assert os.path.samestat(os.fstat(descriptor), os.fstat(inner))
    os.close(descriptor)
    os.close(inner)


def test_a_descriptor_is_not_inherited(open_in: Open, root: int) -> None:
    """A program that is started meanwhile gets none of them."""
    descriptor = open_in(root, b"file", READ)
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_reading_leaves_no_trace_where_that_is_allowed(root: int) -> None:
    """A scan must not make old files look used: an owner's reading does not change the access time."""
    os.utime("file", (1, 1), dir_fd=root)
    descriptor = open_untouched(b"file", READ, root)
    os.read(descriptor, 100)
    assert os.fstat(descriptor).st_atime == 1
    os.close(descriptor)
