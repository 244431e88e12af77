"""Paths are bytes inside; this is how they are shown. Standard library only: the local commands start fast."""

import base64
from collections.abc import Mapping
from typing import Any


def readable(path: bytes) -> str:
    r"""The path as text for people: bytes that are not UTF-8 are shown as \\xNN."""
    return path.decode("utf-8", "backslashreplace")


def path_fields(path: bytes) -> dict[str, str]:
    """`path` as text and, where the bytes are not UTF-8, `path_bytes` with the exact ones in base64."""
    try:
        return {"path": path.decode("utf-8")}
    except UnicodeDecodeError:
        return {"path": readable(path), "path_bytes": base64.b64encode(path).decode("ascii")}


def exact(fields: Mapping[str, Any]) -> bytes:
    """The bytes of a path that `path_fields` wrote."""
    return base64.b64decode(fields["path_bytes"]) if "path_bytes" in fields else str(fields["path"]).encode()


def printable(path: bytes) -> str:
    """The path for a terminal."""
    return printable_text(readable(path))


def printable_text(text: str) -> str:
    r"""The text with what does not print escaped, so that no name of a file can move the cursor.

    Line breaks, escape sequences and marks that reverse the writing direction become \n, \x1b, \u202e.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def join(folder: bytes, name: bytes) -> bytes:
    """`name` inside `folder`, where either may be empty."""
    if not folder or not name:
        return folder or name
    return folder + name if folder.endswith(b"/") else folder + b"/" + name
