"""What is told of a single file."""

import posixpath

from hypothesis import given

from optimizer.storage.facts import FileFacts, extension_label, extension_of, file_json, large_file_json
from tests import strategies

DAY = 86_400


@given(strategies.file_names)
def test_the_extension_is_the_one_that_python_knows(name: bytes) -> None:
    """Faster than splitext, and the same."""
    assert extension_of(name) == posixpath.splitext(name)[1]


def test_spellings_of_an_extension_are_one() -> None:
    """Upper case and lower case, with the dot, and none for a hidden file."""
    assert [extension_label(extension_of(name)) for name in (b"a.JPG", b"b.tar.gz", b".bashrc", b"c")] == [
        ".jpg", ".gz", "", "",
    ]  # fmt: skip


def test_a_file_is_told_with_the_fields_that_clients_read() -> None:
    """And with the exact bytes of an odd name."""
    assert file_json(FileFacts(b"/a/\xff.TXT", 5, 1.5, 2.5)) == {
        "path": "/a/\\xff.TXT",
        "path_bytes": "L2Ev/y5UWFQ=",
        "name": "\\xff.TXT",
        "size": 5,
        "mtime": 1.5,
        "atime": 2.5,
        "extension": ".txt",
    }


def test_a_large_file_has_its_age_in_whole_days() -> None:
    """Since its content last changed; never less than none."""
    facts = FileFacts(b"/a", 1 << 20, 10 * DAY, 0)
    ages = [large_file_json(facts, now=now)["age_days"] for now in (9 * DAY, 10 * DAY, 11.9 * DAY)]
    assert ages == [0, 0, 1]
