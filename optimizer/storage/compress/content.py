"""What a file is, by its name and its first bytes, as far as that says not to compress it. Pure."""

import posixpath

#: Bytes from the beginning that tell
SAMPLE_BYTES = 64 * 1024

COMPRESSED = "compressed already"
PROGRAM = "a program or a library"
DATABASE = "a database, a journal or swap space"

#: Names of what is compressed by its format
_PACKED_SUFFIXES = (
    b".gz", b".tgz", b".bz2", b".tbz2", b".xz", b".txz", b".lzma", b".zst", b".tzst", b".lz4", b".lzo", b".br", b".z",
    b".zip", b".7z", b".rar", b".jar", b".war", b".apk", b".whl", b".egg", b".deb", b".rpm", b".crx", b".xpi",
    b".docx", b".xlsx", b".pptx", b".odt", b".ods", b".odp", b".epub", b".gpg", b".age",
    b".png", b".jpg", b".jpeg", b".gif", b".webp", b".heic", b".avif", b".jxl",
    b".mp3", b".m4a", b".aac", b".ogg", b".opus", b".flac", b".wma",
    b".mp4", b".m4v", b".mkv", b".webm", b".mov", b".avi", b".wmv", b".mpg", b".mpeg", b".woff", b".woff2",
)  # fmt: skip

#: First bytes of a format, at an offset; from the formats' own specifications
_MAGIC = (
    (0, b"\x1f\x8b", COMPRESSED),  # gzip
    (0, b"\x28\xb5\x2f\xfd", COMPRESSED),  # zstd
    (0, b"\xfd7zXZ\x00", COMPRESSED),
    (0, b"BZh", COMPRESSED),
    (0, b"\x04\x22\x4d\x18", COMPRESSED),  # lz4
    (0, b"PK\x03\x04", COMPRESSED),  # zip, and office documents, Java archives, wheels
    (0, b"7z\xbc\xaf\x27\x1c", COMPRESSED),
    (0, b"Rar!\x1a\x07", COMPRESSED),
    (0, b"\x89PNG\r\n\x1a\n", COMPRESSED),
    (0, b"\xff\xd8\xff", COMPRESSED),  # JPEG
    (0, b"GIF8", COMPRESSED),
    (0, b"OggS", COMPRESSED),
    (0, b"fLaC", COMPRESSED),
    (0, b"ID3", COMPRESSED),  # MP3
    (0, b"\x1aE\xdf\xa3", COMPRESSED),  # Matroska, WebM
    (4, b"ftyp", COMPRESSED),  # MP4, QuickTime, HEIC
    (8, b"WEBP", COMPRESSED),
    (0, b"\x7fELF", PROGRAM),
    (0, b"#!", PROGRAM),
    (0, b"MZ", PROGRAM),
    (0, b"SQLite format 3\x00", DATABASE),
    (0, b"LPKSHHRH", DATABASE),  # systemd's journal
    (4086, b"SWAPSPACE2", DATABASE),
)


def is_packed(path: bytes) -> bool:
    """Whether a file's name says that it is compressed by its format."""
    return posixpath.basename(path).lower().endswith(_PACKED_SUFFIXES)


def content_of(head: bytes) -> str | None:
    """Why content that begins like this is not to be compressed; None where nothing speaks against it."""
    return next((what for offset, magic, what in _MAGIC if head.startswith(magic, offset)), None)
