"""What the workers of a host share of their hash caches, in Redis: a copy of each file's news.

A worker asks its own file only. Before a job it takes in what others have put since it last did, and after it puts
what is new. So a host that has lost its file gets its digests back, and Redis is asked a few times a job at most.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import resources
from typing import Any, NamedTuple

import redis
import structlog

from optimizer.hashing.digest_file import DigestFile
from optimizer.hashing.local_cache import LocalHashCache
from optimizer.ports import CacheFile, FileKey, KeptDigests

_INDEX, _SIZES = "hro:hash:index", "hro:hash:sizes"
_AT = struct.Struct("<d")
#: Folders that are put in one go.
_TOGETHER = 500
_PULLED = "pulled"

_log = structlog.get_logger(__name__)


class SharedFolder(NamedTuple):
    folder: str  #: as `DigestFile` names it
    kept: KeptDigests


class RedisDigests:
    """A string for each folder: `hro:hash:<host>:<algorithm>:<device>:<inode>`. Raises redis.RedisError.

    What Redis says is a hint: a digest is only used for a file in exactly the state that stands with it.
    """

    def __init__(self, client: redis.Redis, *, host: str, ttl_seconds: int, room: int) -> None:
        """`client` must hand out bytes (no decode_responses). All hosts together take up to `room` bytes."""
        self._client = client
        self._prefix = f"hro:hash:{host}:"
        self._ttl_seconds = ttl_seconds
        self._room = room
        source = (resources.files("optimizer.hashing") / "put.lua").read_text(encoding="utf-8")
        self._put = client.register_script(source)

    def put(self, folders: Sequence[SharedFolder]) -> tuple[int, int]:
        """Their place in the order in which this host's folders were put, and that of the last one before."""
        placed = self._put(
            keys=[_INDEX, _SIZES, f"{self._prefix}index", *(self._prefix + folder for folder, _ in folders)],
            args=[self._ttl_seconds, self._room, *(_AT.pack(kept.at) + kept.packed for _, kept in folders)],
        )
        place, before = map(int, placed)
        return place, before

    def after(self, place: int) -> Iterator[tuple[int, list[SharedFolder]]]:
        """What this host put after that place, in its order: the last place of each batch, and its folders."""
        while True:
            found: Any = self._client.zrangebyscore(
                f"{self._prefix}index", f"({place}", "+inf", start=0, num=2 * _TOGETHER, withscores=True
            )
            if not found:
                return
            if len(found) == 2 * _TOGETHER:  # of the last place there may be more, at most as many as one `put` has
                found = [one for one in found if one[1] != found[-1][1]]
            place = int(found[-1][1])
            yield place, self._values([key for key, _ in found])

    def _values(self, keys: list[bytes]) -> list[SharedFolder]:
        values: Any = self._client.mget(keys)
        return [
            SharedFolder(key.decode(errors="replace").removeprefix(self._prefix), _unpacked(value))
            for key, value in zip(keys, values, strict=True)
            if isinstance(value, bytes) and len(value) > _AT.size
        ]


def _unpacked(value: bytes) -> KeptDigests:
    (at,) = _AT.unpack_from(value)
    return KeptDigests(at, value[_AT.size :])


class SharedHashCache:
    """A file, and what Redis has of it. Part of port HashCache. While Redis is away, the file alone."""

    def __init__(self, local: LocalHashCache, digests: RedisDigests) -> None:
        self._local = local
        self._digests = digests
        self._is_away = False

    def file(self) -> CacheFile:
        return self._local.file()

    def get_many(self, algorithm: str, folders: Sequence[FileKey]) -> Mapping[FileKey, KeptDigests]:
        return self._local.get_many(algorithm, folders)

    def put_many(self, algorithm: str, folders: Mapping[FileKey, KeptDigests]) -> None:
        self._local.put_many(algorithm, folders)

    def shared(self) -> AbstractContextManager[None]:
        return self._shared()

    @contextmanager
    def _shared(self) -> Iterator[None]:
        self._ask(self._take_in)
        yield
        self._ask(self._give_out)

    def _ask(self, what: Any) -> None:
        try:
            self._local.use(what)
        except redis.RedisError as error:
            if not self._is_away:
                _log.warning("hash cache not shared: redis is away", error=str(error))
            self._is_away = True
        else:
            if self._is_away:
                _log.info("hash cache shared again")
            self._is_away = False

    def _take_in(self, file: DigestFile) -> None:
        for place, folders in self._digests.after(int(file.mark(_PULLED))):
            file.take_shared((folder, kept, place) for folder, kept in folders)
            file.set_mark(_PULLED, place)

    def _give_out(self, file: DigestFile) -> None:
        while rows := file.to_share(_TOGETHER):
            place, before = self._digests.put([SharedFolder(*row) for row in rows])
            file.set_shared([folder for folder, _ in rows], place)
            if before <= file.mark(_PULLED):  # nobody else's lies between
                file.set_mark(_PULLED, place)
