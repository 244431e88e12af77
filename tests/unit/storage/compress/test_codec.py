"""What is compressed comes back, and what was damaged does not."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.errors import CancelledError
from optimizer.storage.compress.codec import CorruptError, pack, require_equal, saved_share, sha256_of, unpack
from optimizer.storage.compress.names import SUFFIXES

MIB = 1 << 20
ALGORITHMS = sorted(SUFFIXES)


@contextmanager
def opened(path: Path, content: bytes = b"") -> Iterator[int]:
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def nothing() -> None:
    pass


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [1, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_content_comes_back_whatever_its_size(tmp_path: Path, algorithm: str, size: int) -> None:
    """Around the size of the pieces that are read at once; the digests are those of the content."""
    content = bytes(index % 251 for index in range(size))
    with opened(tmp_path / "a", content) as plain, opened(tmp_path / "b") as packed, opened(tmp_path / "c") as back:
        digest = hashlib.sha256(content).hexdigest()
        assert pack(plain, packed, algorithm, nothing) == digest
        require_equal(packed, plain, algorithm, nothing)
        assert unpack(packed, back, algorithm, nothing) == digest == sha256_of(back)
    assert (tmp_path / "c").read_bytes() == content


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(content=st.binary(min_size=1, max_size=4000), data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_damage_is_noticed(tmp_path: Path, algorithm: str, content: bytes, data: st.DataObject) -> None:
    """A byte that changed, or an end that is missing: never other content than there was."""
    with opened(tmp_path / "a", content) as plain, opened(tmp_path / "b") as packed:
        digest = pack(plain, packed, algorithm, nothing)
        damaged = bytearray((tmp_path / "b").read_bytes())
    if data.draw(st.booleans()):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    else:
        del damaged[data.draw(st.integers(0, len(damaged) - 1)) :]
    with opened(tmp_path / "b", bytes(damaged)) as packed, opened(tmp_path / "c") as back, suppress(CorruptError):
        assert unpack(packed, back, algorithm, nothing) == digest or not damaged


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("other", [b"", b"conten", b"content!", b"CONTENT"])
def test_another_content_is_not_equal(tmp_path: Path, algorithm: str, other: bytes) -> None:
    """Shorter, longer or different."""
    with opened(tmp_path / "a", b"content") as plain, opened(tmp_path / "b") as packed:
        pack(plain, packed, algorithm, nothing)
        with opened(tmp_path / "c", other) as different, pytest.raises(CorruptError):
            require_equal(packed, different, algorithm, nothing)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_it_can_be_stopped_between_two_pieces(tmp_path: Path, algorithm: str) -> None:
    """By whatever the caller raises."""

    def stop() -> None:
        raise CancelledError

    with opened(tmp_path / "a", b"content") as plain, opened(tmp_path / "b") as packed:
        pack(plain, packed, algorithm, nothing)
        for work in (pack, unpack, require_equal):
            with opened(tmp_path / "c") as target, pytest.raises(CancelledError):
                work(*((plain, target) if work is pack else (packed, target)), algorithm, stop)


def test_how_much_smaller_a_sample_gets() -> None:
    """Much, nothing, and nothing of nothing."""
    for algorithm in ALGORITHMS:
        assert saved_share(b"a line\n" * 1000, algorithm) > 0.9
        assert saved_share(os.urandom(1000), algorithm) == 0
        assert saved_share(b"", algorithm) == 0
