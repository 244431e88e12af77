"""Compressing the content of one open file into another, and back, in bounded steps."""

import gzip
import hashlib
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

from optimizer.errors import HroError
from optimizer.storage.compress.names import GZIP, ZSTD

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: Read at once, in bytes: between two such pieces there is time to notice that somebody waits for the file
_PIECE = 1024 * 1024
#: Of zstd's 22: twice the work of the default, 3, for a tenth less space; 9 costs as much again for the last 3 %
_ZSTD_LEVEL = 6
#: Of gzip's 9, the default: 9 costs two to four times as much for 1 %
_GZIP_LEVEL = 6

Between = Callable[[], None]


class CorruptError(HroError):
    """What was compressed does not decompress to what it was made from."""

    code = "corrupt"


class _Codec(NamedTuple):
    writer: Callable[[BinaryIO], Any]
    reader: Callable[[BinaryIO], Any]


_CODECS: Mapping[str, _Codec] = MappingProxyType(
    {
        ZSTD: _Codec(
            writer=partial(
                zstd.ZstdFile,
                mode="w",
                options={
                    zstd.CompressionParameter.compression_level: _ZSTD_LEVEL,
                    zstd.CompressionParameter.checksum_flag: 1,  # as the zstd tool does
                },
            ),
            reader=partial(zstd.ZstdFile, mode="r"),
        ),
        GZIP: _Codec(
            writer=lambda file: gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=file, mtime=0),
            reader=lambda file: gzip.GzipFile(mode="rb", fileobj=file),
        ),
    }
)


def pack(plain_fd: int, packed_fd: int, algorithm: str, between: Between) -> str:
    """Compress a whole file into an empty one; the SHA-256 of what was read.

    `between` is called before each MiB, and ends the work by raising. Raises OSError.
    """
    digest = hashlib.sha256()
    with os.fdopen(packed_fd, "wb", closefd=False) as target, _CODECS[algorithm].writer(target) as writer:
        for piece in _pieces(plain_fd):
            between()
            digest.update(piece)
            writer.write(piece)
    return digest.hexdigest()


def unpack(packed_fd: int, plain_fd: int, algorithm: str, between: Between) -> str:
    """Decompress a whole file into an empty one; the SHA-256 of what was written. Raises CorruptError, OSError."""
    digest = hashlib.sha256()
    with os.fdopen(plain_fd, "wb", closefd=False) as target, _unpacked(packed_fd, algorithm) as pieces:
        for piece in pieces:
            between()
            digest.update(piece)
            target.write(piece)
    return digest.hexdigest()


def require_equal(packed_fd: int, plain_fd: int, algorithm: str, between: Between) -> None:
    """Compare what a file decompresses to with another file, byte for byte. Raises CorruptError, OSError."""
    offset = 0
    with _unpacked(packed_fd, algorithm) as pieces:
        for piece in pieces:
            between()
            if piece != os.pread(plain_fd, len(piece), offset):
                raise CorruptError
            offset += len(piece)
    if os.pread(plain_fd, 1, offset):
        raise CorruptError


def sha256_of(descriptor: int) -> str:
    """Of a whole open file. Raises OSError."""
    digest = hashlib.sha256()
    for piece in _pieces(descriptor):
        digest.update(piece)
    return digest.hexdigest()


def saved_share(sample: bytes, algorithm: str) -> float:
    """How much smaller a piece of content gets, from 0 to 1."""
    packed = io.BytesIO()
    with _CODECS[algorithm].writer(packed) as writer:
        writer.write(sample)
    return max(0.0, 1 - len(packed.getvalue()) / len(sample)) if sample else 0.0


def _pieces(descriptor: int) -> Iterator[bytes]:
    offset = 0
    while piece := os.pread(descriptor, _PIECE, offset):
        yield piece
        offset += len(piece)


@contextmanager
def _unpacked(descriptor: int, algorithm: str) -> Iterator[Iterator[bytes]]:
    """The content of a compressed file, piece by piece. Raises CorruptError where it is damaged or cut off."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(descriptor, "rb", closefd=False) as source, _CODECS[algorithm].reader(source) as reader:
        try:
            yield iter(partial(reader.read, _PIECE), b"")
        except (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError) as error:
            raise CorruptError from error
