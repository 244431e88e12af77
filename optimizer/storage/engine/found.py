"""What a search found."""

import marshal
import os
from collections.abc import Callable
from typing import NamedTuple

from optimizer.storage.engine.notes import Notes


class FoundName(NamedTuple):
    """One name of a file that has copies."""

    path: bytes
    device: int
    inode: int
    modified_ns: int
    accessed_ns: int


#: Digest (may be empty), size, copies and names of a group, to whatever bytes the answer shall have for it.
Render = Callable[[bytes, int, int, list[FoundName]], bytes]


def packed(_digest: bytes, _size: int, _copies: int, names: list[FoundName]) -> bytes:
    """To render groups for `unpacked`."""
    return marshal.dumps([tuple(name) for name in names])


def unpacked(rendered: bytes) -> list[FoundName]:
    # Only ever what `packed` made, as marshal trusts what it reads
    return [FoundName(*name) for name in marshal.loads(rendered)]  # noqa: S302


class FoundGroup(NamedTuple):
    """Files of equal content. Sorted, those that waste most come first, then by digest."""

    gain: int  #: minus the bytes that could be given back
    digest: bytes  #: SHA-256; empty where it was not asked for
    size: int
    copies: int  #: inodes
    rendered: bytes


class Found(NamedTuple):
    groups: list[FoundGroup]
    files: int  #: names of regular files that were met
    folders: int
    size: int  #: bytes of all inodes that were met
    bytes_read: int
    notes: Notes


def name_of(path: bytes, status: os.stat_result) -> FoundName:
    return FoundName(path, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_atime_ns)


def found_group(digest: bytes, size: int, names: list[FoundName], render: Render) -> FoundGroup | None:
    """None where all are names of one inode."""
    copies = len({(name.device, name.inode) for name in names})
    if copies < 2:  # noqa: PLR2004 - a copy and another one
        return None
    return FoundGroup((1 - copies) * size, digest, size, copies, render(digest, size, copies, sorted(names)))
