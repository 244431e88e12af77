"""What a cache keeps of a folder: the state of each of its files, packed, and the digest of the content in that state.

A digest holds for a file in exactly this state, whatever its name; the folder only says where to look for it.
"""

from collections.abc import Mapping
from itertools import chain
from struct import Struct
from typing import Final

#: Device, inode, size, mtime and ctime in ns; see the module struct. Some filesystems have times before 1970.
ROW_FIELDS: Final = "QQQqq"
_ROW: Final = Struct(f"<{ROW_FIELDS}")
ROW_SIZE: Final = _ROW.size
pack_row = _ROW.pack
#: Kernels stamp times with a clock that ticks every few milliseconds, some filesystems only every two seconds (FAT):
#: within so much of the last change, the next one may leave the same times.
RACY_NS: Final = 2_000_000_000
#: Bytes of a digest, by algorithm.
DIGEST_SIZES: Final[Mapping[str, int]] = {"sha256": 32, "sha512": 64, "blake2b": 64}
_INODE: Final = 16  #: device and inode of a row end here

#: Rows and digests.
Digests = dict[bytes, bytes]


def pack_digests(digests: Mapping[bytes, bytes]) -> bytes:
    return b"".join(chain.from_iterable(digests.items()))


def unpack_digests(algorithm: str, packed: bytes) -> Digests:
    """What `pack_digests` packed; empty where it cannot have done so."""
    entry = Struct(f"{ROW_SIZE}s{DIGEST_SIZES[algorithm]}s")
    return dict(entry.iter_unpack(packed)) if not len(packed) % entry.size else {}


def merged(old: Mapping[bytes, bytes], new: Mapping[bytes, bytes]) -> Digests:
    """`new`, and what `old` has of other files."""
    files = {row[:_INODE] for row in new}
    return {**{row: digest for row, digest in old.items() if row[:_INODE] not in files}, **new}
