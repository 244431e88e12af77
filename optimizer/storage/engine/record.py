"""A name of a file with content, packed, so that a million of them take little memory."""

from collections.abc import Iterable
from struct import Struct
from typing import Final, NamedTuple

from optimizer.hashing.kept import ROW_FIELDS

#: Records of equal keys are in one bucket. The first half is for small files, the other one for larger files.
BUCKETS: Final = 64
#: Flags: the inode has several names; after the name comes a digest of 32 bytes, from the cache.
LINKED, KNOWN = 1, 2
_DIGEST: Final = 32

#: Key; device, inode, size, mtime and ctime in ns, as the cache has them; atime in ns; the process that met the file,
#: and its number of the folder; flags; length of the name, which follows.
_HEAD: Final = Struct(f"<32s{ROW_FIELDS}qHIBH")
#: From the atime on: what follows the part that the cache has.
REST: Final = Struct("<qHIBH")
_TAIL: Final = Struct("<BH")
#: Of a record from its device on, what a found name tells: device, inode, mtime, atime; process, folder, length.
_NAME: Final = Struct("<QQ8xq8xqHIxH")
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
    flags: int
    name: bytes
    digest: bytes  #: of a larger file, the SHA-256 of its content, if that is known; else empty


pack_head, HEAD_SIZE = _HEAD.pack, _HEAD.size
#: Of the record that begins there in such bytes, `_NAME`'s fields.
unpack_name, NAME_AT = _NAME.unpack_from, _KEY


def key_of_size(size: int) -> bytes:
    """Of a larger file."""
    return size.to_bytes(_KEY, "little")


def bucket_of_size(size: int) -> int:
    # Sizes are often multiples of a power of two, which the hash of a tuple mixes
    return BUCKETS + hash((size,)) % BUCKETS


def unpack_all(content: bytes) -> list[Record]:
    records, at = [], 0
    while at < len(content):
        *fields, length = _HEAD.unpack_from(content, at)
        begin = at + HEAD_SIZE
        at = _end(content, at)
        records.append(Record._make([*fields, content[begin : begin + length], content[begin + length : at]]))
    return records


def _end(content: bytes, at: int) -> int:
    """Where the record ends that begins there."""
    flags, length = _TAIL.unpack_from(content, at + HEAD_SIZE - _TAIL.size)
    end: int = at + HEAD_SIZE + length + (_DIGEST if flags & KNOWN else 0)
    return end


class Joined:
    """The records of one bucket, brought together by their keys."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.linked_size = 0  #: bytes of the inodes that have several names
        self.has_links = False  #: whether there are any
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
        return b"".join([self.content[at : _end(self.content, at)] for at in places])

    def _by_key(self) -> Iterable[list[int]]:
        content, end, at = self.content, len(self.content), 0
        tail, offset, size = _TAIL.unpack_from, HEAD_SIZE - _TAIL.size, HEAD_SIZE
        first: dict[bytes, int] = {}
        more: dict[bytes, list[int]] = {}
        linked: dict[bytes, int] = {}
        while at < end:
            key = content[at : at + _KEY]
            if first.setdefault(key, at) != at:
                more.setdefault(key, [first[key]]).append(at)
            flags, length = tail(content, at + offset)
            if flags:
                if flags & LINKED:
                    linked[content[at + _KEY : at + _INODE]] = self.size(at)
                if flags & KNOWN:
                    at += _DIGEST
            at += size + length
        self.has_links, self.linked_size = bool(linked), sum(linked.values())
        return more.values()
