"""The digests of the folders that a job is at, from the cache and for it."""

from collections.abc import Iterable

from optimizer.hashing.kept import Digests, merged, pack_digests, pack_row, unpack_digests
from optimizer.host.walk import SeenFile
from optimizer.ports import Clock, FileKey, HashCache, KeptDigests


class _Known:
    """Of one folder."""

    def __init__(self, algorithm: str, kept: KeptDigests | None) -> None:
        self.kept = kept
        self.digests = unpack_digests(algorithm, kept.packed) if kept else {}
        self.fresh: Digests = {}


class Folders:
    """Each is asked for once, and told once, when the job has left it: one may have very many files."""

    def __init__(self, algorithm: str, cache: HashCache, clock: Clock) -> None:
        self._algorithm = algorithm
        self._cache = cache
        self._clock = clock
        self._known: dict[FileKey, _Known] = {}

    def enter(self, folders: Iterable[FileKey]) -> None:
        """Know these, and leave all others."""
        wanted = dict.fromkeys(folders)
        self._leave([folder for folder in self._known if folder not in wanted])
        new = [folder for folder in wanted if folder not in self._known]
        found = self._cache.get_many(self._algorithm, new)
        self._known.update((folder, _Known(self._algorithm, found.get(folder))) for folder in new)

    def digest(self, file: SeenFile) -> bytes | None:
        """Of a file in exactly this state; its folder must have been entered."""
        return self._known[file.folder.key].digests.get(_row(file))

    def learn(self, file: SeenFile, digest: bytes) -> None:
        self._known[file.folder.key].fresh[_row(file)] = digest

    def leave(self) -> None:
        self._leave(list(self._known))

    def _leave(self, folders: list[FileKey]) -> None:
        left = {folder: self._known.pop(folder) for folder in folders}
        now = self._clock.now().timestamp()
        news = {
            folder: KeptDigests(
                at=min(known.kept.at, now) if known.kept else now,
                packed=pack_digests(merged(known.digests, known.fresh)),
            )
            for folder, known in left.items()
            if known.fresh
        }
        if news:
            self._cache.put_many(self._algorithm, news)


def _row(file: SeenFile) -> bytes:
    return pack_row(*file.key, *file.state)
