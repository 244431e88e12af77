"""Which files are cold, and which of them stay as they are."""

from dataclasses import replace

import pytest

from optimizer.storage.candidate import Candidate
from optimizer.storage.compress.rules import ColdRules
from optimizer.storage.keep import Keep
from tests.fakes.files import candidate

RULES = ColdRules(limit_ns=100, min_size_bytes=4096, keep=Keep(("/data/legal/*",)))


def cold(path: bytes = b"/data/a", *, size: int = 8000, allocated: int = 8192, links: int = 1) -> Candidate:
    return candidate(path, size=size, allocated=allocated, links=links)


@pytest.mark.parametrize(
    ("file", "is_meant"),
    [
        (cold(), True),
        (cold(size=4095), False),
        (cold(allocated=0), False),
        (replace(cold(), atime_ns=100), False),
        (replace(cold(), mtime_ns=100), False),
        (replace(cold(), ctime_ns=100), False),
        (replace(cold(), ctime_ns=99), True),
    ],
)
def test_a_cold_file_was_neither_read_nor_changed(file: Candidate, is_meant: bool) -> None:
    """And is as large as was asked for."""
    assert RULES.means(file) is is_meant


@pytest.mark.parametrize(
    "kept",
    [
        cold(b"/data/a.GZ"),
        cold(b"/data/photo.jpg"),
        cold(b"/data/legal/contract.txt"),
        cold(b"/data/app.sqlite"),
        cold(b"/data/.git/objects/pack"),
        cold(b"/host/var/lib/dpkg/info/tar.list"),
        cold(links=2),
        cold(size=1 << 40),
    ],
)
def test_what_stays_though_it_is_cold(kept: Candidate) -> None:
    """The reason is told."""
    assert RULES.why_left(kept)


def test_what_nothing_speaks_for_keeping() -> None:
    """Text, tables, dumps, and names that only look like others."""
    for name in (b"report.csv", b"dump.sql", b"gz", b"a.gz.txt", b"var/lib/dpkg-notes.txt", b"\xe9\n"):
        assert RULES.why_left(cold(b"/data/" + name)) is None
