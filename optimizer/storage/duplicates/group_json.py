"""Groups as JSON text, made by the processes that find them: dictionaries of all files take longer than the search."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from json.encoder import encode_basestring_ascii

from optimizer.paths import path_fields
from optimizer.storage.engine.found import FoundGroup

#: Groups that are written in one go.
_TOGETHER = 1000


def group_json(group: FoundGroup) -> bytes:
    """What `Group.to_json` says of the group."""
    digest, size, copies, names = group
    told = f'"{digest.hex()}"' if digest else "null"
    files = ", ".join(
        [f'{{"path": {_path(path)}, "device": {device}, "inode": {inode}}}' for path, device, inode, *_ in names]
    )
    return (
        f'{{"digest": {told}, "size": {size}, "copies": {copies}, '
        f'"reclaimable_bytes": {(copies - 1) * size}, "files": [{files}]}}'
    ).encode()


def _path(path: bytes) -> str:
    """As `path_fields` tells it, without the first key."""
    try:
        return encode_basestring_ascii(path.decode())
    except UnicodeDecodeError:
        return json.dumps(path_fields(path)).removeprefix('{"path": ').removesuffix("}")


def answer_json(groups: Iterable[bytes], others: Mapping[str, object]) -> Iterator[bytes]:
    """What `DuplicateReport.to_json` says, piece by piece: the groups as `group_json` made them, and other fields."""
    yield b'{"groups": ['
    left, comma = iter(groups), b""
    while some := list(islice(left, _TOGETHER)):
        yield comma + b", ".join(some)
        comma = b", "
    yield b"], " + json.dumps(others)[1:].encode()
