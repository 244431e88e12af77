"""A name of a file with content, packed, so that a million of them take little memory."""

from collections.abc import Iterable
from struct import Struct
from typing import Final, NamedTuple

#: Records of equal keys are in one bucket. The first half is for small files, the other one for larger files.
BUCKETS: Final = 64

#: Key; device, inode; size; mtime, ctime and atime in ns; the process that met it, and its number of the folder;
#: whether the inode has several names; length of this one, which follows.
_HEAD: Final = Struct("<32sQQQqqqHIBH")
_TAIL: Final = Struct("<BH")
#: The parts that are looked at without unpacking a record end here: key, device with inode, and size.
_KEY, _INODE, _SIZE = 32, 48, 56


class Record(NamedTuple):
    key: bytes  #: of a small file the SHA-256 of its content, of a larger one its size
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    atime_ns: int
    process: int
    folder: int
    has_links: int
    name: bytes


pack_head, unpack_head, HEAD_SIZE = _HEAD.pack, _HEAD.unpack_from, _HEAD.size


def unpack_all(content: bytes) -> list[Record]:
    records, at = [], 0
    while at < len(content):
        records.append(_unpack(content, at))
        at += _HEAD.size + len(records[-1].name)
    return records


def _unpack(content: bytes, at: int) -> Record:
    *fields, length = _HEAD.unpack_from(content, at)
    begin = at + _HEAD.size
    return Record._make([*fields, content[begin : begin + length]])


class Joined:
    """The records of one bucket, brought together by their keys."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.linked_size = 0  #: bytes of the inodes that have several names
        self._places = self._by_key()

    def groups(self) -> Iterable[list[int]]:
        """Where the records of each key are that several have."""
        return self._places

    def key(self, at: int) -> bytes:
        return self.content[at : at + _KEY]

    def size(self, at: int) -> int:
        """Of the file."""
        return int.from_bytes(self.content[at + _INODE : at + _SIZE], "little")

    def inodes(self, places: list[int]) -> int:
        """How many they are."""
        return len({self.content[at + _KEY : at + _INODE] for at in places})

    def packed(self, places: list[int]) -> bytes:
        """The records as they are, for `unpack_all`."""
        offset = _HEAD.size - _TAIL.size
        ends = (at + _HEAD.size + _TAIL.unpack_from(self.content, at + offset)[1] for at in places)
        return b"".join([self.content[at:end] for at, end in zip(places, ends, strict=True)])

    def _by_key(self) -> Iterable[list[int]]:
        content, end, at = self.content, len(self.content), 0
        tail, offset, size = _TAIL.unpack_from, _HEAD.size - _TAIL.size, _HEAD.size
        first: dict[bytes, int] = {}
        more: dict[bytes, list[int]] = {}
        linked: dict[bytes, int] = {}
        while at < end:
            key = content[at : at + _KEY]
            if first.setdefault(key, at) != at:
                more.setdefault(key, [first[key]]).append(at)
            has_links, length = tail(content, at + offset)
            if has_links:
                linked[content[at + _KEY : at + _INODE]] = self.size(at)
            at += size + length
        self.linked_size = sum(linked.values())
        return more.values()
