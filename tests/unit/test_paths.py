"""How paths are shown."""

import base64

from hypothesis import given

from optimizer.paths import join, path_fields, printable, readable
from tests import strategies


@given(strategies.paths)
def test_a_path_can_always_be_had_back(path: bytes) -> None:
    """Either its text is exact, or its bytes stand beside it."""
    fields = path_fields(path)
    exact = base64.b64decode(fields["path_bytes"]) if "path_bytes" in fields else fields["path"].encode()
    assert exact == path
    assert fields["path"] == readable(path)


@given(strategies.paths)
def test_what_is_shown_on_a_terminal_only_prints(path: bytes) -> None:
    """No name of a file can break a line, move the cursor or reverse the writing."""
    assert printable(path).isprintable()


def test_a_printable_path_says_what_it_hides() -> None:
    """What does not print is escaped, not dropped."""
    assert printable(b"a\nb\x1b[2J\xe2\x80\xae\xff") == r"a\nb\x1b[2J\u202e\xff"


def test_joining_puts_one_slash_between() -> None:
    """Whether the folder is the root, has a name, or is not named at all."""
    assert [join(b"/", b"a"), join(b"/a", b"b"), join(b"", b"a"), join(b"a", b"")] == [b"/a", b"/a/b", b"a", b"a"]
