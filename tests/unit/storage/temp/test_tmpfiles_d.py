"""Which files tmpfiles.d protects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.storage.temp.tmpfiles_d import parse


@pytest.mark.parametrize(
    ("line", "protected", "others"),
    [
        (b"x /tmp/keep", [b"/tmp/keep", b"/tmp/keep/deep/er"], [b"/tmp/keeper", b"/tmp/other"]),
        (b"x /tmp/keep*", [b"/tmp/keeper", b"/tmp/keep.d/a"], [b"/tmp/a/keep"]),
        (b"X /tmp/keep", [b"/tmp/keep"], [b"/tmp/keep/deep"]),
        (b"r! /tmp/.X[0-9]*-lock", [b"/tmp/.X0-lock"], [b"/tmp/.X-lock", b"/tmp/.X0/a-lock"]),
        (b"R! /tmp/private-*", [b"/tmp/private-1/a"], [b"/tmp/public"]),
        (b"D! /tmp/.X11-unix 1777 root root 10d", [b"/tmp/.X11-unix/X0"], [b"/tmp/.X12"]),
        (b"f /tmp/made 0644 root root - it's text", [b"/tmp/made"], [b"/tmp/made/a"]),
        (b"  x \t /tmp/a  -", [b"/tmp/a"], []),
        (b'x "/tmp/two words"', [b"/tmp/two words"], [b"/tmp/two"]),
        (rb"x /tmp/two\x20words", [b"/tmp/two words"], [b"/tmp/two"]),
        (rb"x /tmp/latin-\351", [b"/tmp/latin-\xe9"], []),
        (b"x /tmp/private-%b-*", [b"/tmp/private-0123-x/a"], [b"/tmp/private"]),
        (b"x %T/a%%b", [b"/tmp/a%b"], [b"/tmp/a"]),
        (b"x!+ /tmp//a/", [b"/tmp/a"], []),
    ],
)
def test_what_a_line_protects(line: bytes, protected: list[bytes], others: list[bytes]) -> None:
    """As tmpfiles.d(5) has it; where that needs facts of the running host, rather more."""
    known = parse([line])
    assert [path for path in protected if not known.reason(path)] == []
    assert [path for path in others if known.reason(path)] == []


@pytest.mark.parametrize(
    "line",
    [b"", b"# x /tmp/a", b"x", b"x tmp/a", b"r /tmp/a", b"R /tmp", b"D /tmp 1777 root root -", b"q /tmp - - - 10d"],
)
def test_what_protects_nothing(line: bytes) -> None:
    """Comments, what systemd does not understand, and what may go or is only the folder around it."""
    assert parse([line]).reason(b"/tmp/a") is None


@pytest.mark.parametrize(
    ("line", "cleaned", "protected"),
    [
        (b"d /tmp/own 0755 root root -", b"/tmp", True),
        (b"d /tmp/own", b"/", True),
        (b"d /tmp/own 0755 root root 10d", b"/tmp", False),
        (b"d /tmp/own 0755 root root -", b"/tmp/own", False),
        (b"D /tmp 1777 root root -", b"/tmp", False),
    ],
)
def test_a_folder_without_an_age_is_never_cleaned(line: bytes, cleaned: bytes, *, protected: bool) -> None:
    """With those above it, that is; whoever names it wants it cleaned."""
    assert (parse([line], [cleaned]).reason(b"/tmp/own/file") is not None) == protected


def test_the_reason_names_the_line() -> None:
    """So that whoever wonders finds it."""
    assert parse([b"r! /tmp/*.state"]).reason(b"/tmp/a.state") == "tmpfiles.d has a line for it: r! /tmp/*.state"


@given(st.lists(st.binary(max_size=40)), st.binary(max_size=40))
def test_no_line_is_too_odd(lines: list[bytes], path: bytes) -> None:
    """Whatever stands there, a file is protected or is not."""
    parse(lines).reason(b"/" + path)


@given(st.lists(st.sampled_from([b"x", b"/tmp/", b"[", b"\\", b"%", b" ", b"*", b"!", b'"', b"a"])).map(b"".join))
def test_no_line_of_such_signs_is_too_odd(line: bytes) -> None:
    """Such as a quotation mark without its counterpart, or a bracket."""
    parse([line]).reason(b"/tmp/a")
