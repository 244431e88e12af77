"""What a file is by its first bytes."""

import bz2
import gzip
import io
import lzma
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.storage.compress.content import COMPRESSED, content_of


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", "content")
    return file.getvalue()


@pytest.mark.parametrize("head", [gzip.compress(b"a"), bz2.compress(b"a"), lzma.compress(b"a"), zipped()])
def test_what_libraries_compress_is_known(head: bytes) -> None:
    """Whatever it is called."""
    assert content_of(head) == COMPRESSED


@pytest.mark.parametrize("head", [b"", b"P", b"2026-01-02 started\n", b"<html>", b'{"a": 1}', b"a,b,c\n1,2,3\n"])
def test_text_is_not_taken_for_anything_else(head: bytes) -> None:
    """Nor is a file that is shorter than what would tell."""
    assert content_of(head) is None


@given(st.binary(max_size=64))
def test_any_bytes_have_an_answer(head: bytes) -> None:
    """None of them raises."""
    assert content_of(head) is None or isinstance(content_of(head), str)
