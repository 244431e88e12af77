"""The mounts that this process sees, from /proc/self/mountinfo; see proc_pid_mountinfo(5)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from optimizer.host.procfs import PROC

#: Optional fields stand before the separator, of which there may be any number.
_COLUMNS_BEFORE, _COLUMNS_AFTER = 6, 3
_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    major: int  #: of the device number; 0 where no block device stands behind the filesystem
    minor: int
    root: bytes  #: which folder of the filesystem is mounted
    point: bytes  #: where it is mounted
    filesystem: str
    super_options: tuple[str, ...]


def parse(text: bytes) -> tuple[Mount, ...]:
    """Every mount, in the order in which they were made; lines of another form are left out."""
    return tuple(_mounts(text))


def _mounts(text: bytes) -> Iterator[Mount]:
    # Only newlines end a line: a name may hold what splitlines() also splits at
    for line in text.split(b"\n"):
        before, separator, after = line.partition(b" - ")
        left, right = before.split(b" "), after.split(b" ")
        if not separator or len(left) < _COLUMNS_BEFORE or len(right) < _COLUMNS_AFTER:
            continue
        major, _, minor = left[2].partition(b":")
        yield Mount(
            major=int(major),
            minor=int(minor),
            root=_unescape(left[3]),
            point=_unescape(left[4]),
            filesystem=right[0].decode("ascii", "backslashreplace"),
            super_options=tuple(right[2].decode("ascii", "backslashreplace").split(",")),
        )


def _unescape(name: bytes) -> bytes:
    """Space, tab, newline and backslash stand in the file as three octal digits."""
    return _OCTAL.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), name)


def read(proc_root: Path = PROC) -> tuple[Mount, ...]:
    """Raises OSError where there is no /proc."""
    return parse((proc_root / "self" / "mountinfo").read_bytes())
