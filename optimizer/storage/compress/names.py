"""What compressed files are called. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

ZSTD, GZIP = "zstd", "gzip"
#: What each algorithm's tools append to a name
SUFFIXES: Mapping[str, bytes] = MappingProxyType({ZSTD: b".zst", GZIP: b".gz"})
