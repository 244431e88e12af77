"""Where other mounts begin below a folder; see proc_pid_mountinfo(5)."""

import os

_POINT = 4
#: What the kernel writes as three octal digits. The backslash comes last, or it would begin others.
_ESCAPES = ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\"))


def mounts_below(descriptor: int) -> dict[bytes, set[bytes]]:
    """By folder, seen from the open one: the names in it where another filesystem, or a part of one, is mounted.

    A bind mount of the same filesystem has the same st_dev, so that alone does not tell.
    """
    try:
        real = os.readlink(b"/proc/self/fd/%d" % descriptor)  # noqa: PTH115 - pathlib is slow to import
        with open("/proc/self/mountinfo", "rb", buffering=0) as file:  # noqa: PTH123 - pathlib is slow to import
            lines = file.readall().split(b"\n")
    except OSError:  # no /proc: st_dev still tells one filesystem from another
        return {}
    prefix = real.rstrip(b"/") + b"/"
    found: dict[bytes, set[bytes]] = {}
    for fields in (line.split(b" ", _POINT + 1) for line in lines):
        point = _unescaped(fields[_POINT]) if len(fields) > _POINT else b""
        if point.startswith(prefix) and point != prefix:
            folder, _, name = point[len(prefix) :].rpartition(b"/")
            found.setdefault(folder, set()).add(name)
    return found


def _unescaped(name: bytes) -> bytes:
    if b"\\" in name:
        for escape, byte in _ESCAPES:
            name = name.replace(escape, byte)
    return name
