"""A digest is of the whole content, and of a content that stayed the same."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.hashing.digest import ALGORITHMS, DigestReader, FileChangedError, is_settled
from optimizer.host.walk import key_of, state_of
from optimizer.ports import FileState

SECOND = 1_000_000_000


@contextmanager
def reading(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def digest(path: Path, algorithm: str = "sha256") -> bytes:
    status = path.stat()
    with reading(path) as descriptor:
        return DigestReader(algorithm, lambda _: None).digest(descriptor, key_of(status), state_of(status))


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
@pytest.mark.parametrize("size", [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1_000_000])
def test_the_whole_content_is_digested(tmp_path: Path, size: int, algorithm: str) -> None:
    """Whether or not it fills the buffer."""
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    assert digest(tmp_path / "file", algorithm) == hashlib.new(algorithm, content).digest()


def test_one_reader_digests_many_files(tmp_path: Path) -> None:
    """What is left in its buffer from one file is not taken for the next one's."""
    reader = DigestReader("sha256", lambda _: None)
    for content in (b"x" * 1000, b"y", b""):
        path = tmp_path / "file"
        path.write_bytes(content)
        with reading(path) as descriptor:
            found = reader.digest(descriptor, key_of(path.stat()), state_of(path.stat()))
        assert found == hashlib.sha256(content).digest()


def test_progress_hears_of_every_byte(tmp_path: Path) -> None:
    """In parts of 256 KiB at most, so that a job can be cancelled in the middle of a file."""
    path = tmp_path / "file"
    path.write_bytes(bytes(600_000))
    heard: list[int] = []
    with reading(path) as descriptor:
        DigestReader("sha256", heard.append).digest(descriptor, key_of(path.stat()), state_of(path.stat()))
    assert (sum(heard), max(heard)) == (600_000, 256 * 1024)


@pytest.mark.parametrize("change", [b"longer than before", b"x", b"diff"])
def test_a_file_that_is_no_longer_what_was_seen_is_refused(tmp_path: Path, change: bytes) -> None:
    """Longer, shorter, or of the same length and another content."""
    path = tmp_path / "file"
    path.write_bytes(b"same")
    os.utime(path, (1, 1))
    seen = path.stat()
    path.write_bytes(change)
    os.utime(path, (1, 1))
    with reading(path) as descriptor, pytest.raises(FileChangedError):
        DigestReader("sha256", lambda _: None).digest(descriptor, key_of(seen), state_of(seen))


def test_another_file_of_the_same_state_is_refused(tmp_path: Path) -> None:
    """The name may lead elsewhere now."""
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"same")
    other.write_bytes(b"else")
    state = state_of(other.stat())
    with reading(other) as descriptor, pytest.raises(FileChangedError):
        DigestReader("sha256", lambda _: None).digest(descriptor, key_of(path.stat()), state)


@pytest.mark.parametrize("change", ["append", "truncate", "edit"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, change: str) -> None:
    """After the first part was read; the times need not have moved as far as the clock's next tick."""
    path = tmp_path / "file"
    path.write_bytes(bytes(600_000))
    os.utime(path, (1, 1))
    seen = path.stat()

    def meddle(_count: int) -> None:
        with path.open("r+b") as file:
            if change == "truncate":
                file.truncate(300_000)
            else:
                file.seek(0 if change == "edit" else 600_000)
                file.write(b"x")

    with reading(path) as descriptor, pytest.raises(FileChangedError):
        DigestReader("sha256", meddle).digest(descriptor, key_of(seen), state_of(seen))


def test_a_file_that_grows_for_ever_is_given_up(tmp_path: Path) -> None:
    """Every part that is read makes it longer by another one."""
    path = tmp_path / "file"
    path.write_bytes(bytes(1000))
    seen = path.stat()
    parts = []

    def grow(count: int) -> None:
        parts.append(count)
        with path.open("ab") as file:
            file.write(bytes(1_000_000))

    with reading(path) as descriptor, pytest.raises(FileChangedError):
        DigestReader("sha256", grow).digest(descriptor, key_of(seen), state_of(seen))
    assert len(parts) <= 2


def test_a_file_that_says_it_is_empty_and_is_not_is_refused() -> None:
    """Such as those in /proc: the digest of nothing would be a lie."""
    with pytest.raises(FileChangedError):
        digest(Path("/proc/self/status"))


@given(st.integers(-10 * SECOND, 10 * SECOND), st.integers(-10 * SECOND, 10 * SECOND))
def test_a_state_is_settled_two_seconds_after_the_last_change(mtime: int, ctime: int) -> None:
    """Until then, a change may leave the same times; a time in the future says nothing."""
    read = 1_700_000_000 * SECOND
    state = FileState(1, read + mtime, read + ctime)
    assert is_settled(state, read) == (max(mtime, ctime) < -2 * SECOND)
