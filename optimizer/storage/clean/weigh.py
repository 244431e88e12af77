"""What lies in a folder that its manager is to clear: how much it is, and whether anything there speaks against it."""

import stat
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

from optimizer.host.files import ScanRoots
from optimizer.host.tree import ScanLog, Tree
from optimizer.host.walk import BLOCK, walk
from optimizer.paths import join, readable
from optimizer.ports import FileKey, Progress
from optimizer.storage.clean.rule import Catalogue, Rule


@dataclass(slots=True)
class Weight:
    """Bytes on disk that nothing outside of the folder shares: a file with a name elsewhere weighs nothing."""

    bytes: int = 0
    claimed_bytes: int = 0  #: of those, what the rule says that goes
    obstacle: str | None = None  #: why no program may be let loose there
    _linked: dict[FileKey, list[bool]] = field(default_factory=dict)  #: of each name that was met, whether it goes

    def add(self, key: FileKey, *, allocated: int, links: int, goes: bool) -> None:
        """One name of a regular file."""
        names = [goes]
        if links > 1:
            names = self._linked.setdefault(key, [])
            names.append(goes)
        if len(names) == links:
            self.bytes += allocated
            self.claimed_bytes += allocated * all(names)


def weigh(catalogue: Catalogue, rule: Rule, roots: ScanRoots, folder: bytes, progress: Progress) -> Weight:
    """Raises PathForbiddenError, PathNotFoundError, PathUnusableError, CancelledError."""
    weight, log = Weight(), ScanLog()
    obstacles = [*_kept(catalogue, folder)]
    with Tree.open(folder, roots) as tree, closing(walk(tree, log, progress)) as folders:
        for met, entries in folders:
            for name, status in entries:
                path = met.path_of(name)
                if stat.S_ISREG(status.st_mode):
                    weight.add(
                        FileKey(status.st_dev, status.st_ino),
                        allocated=status.st_blocks * BLOCK,
                        links=status.st_nlink,
                        goes=rule.takes(join(met.relative, name)),
                    )
                if not obstacles:
                    obstacles += _obstacles(catalogue, path, status.st_mode)
    weight.obstacle = next(iter([*obstacles, *_unseen(log)]), None)
    return weight


def _obstacles(catalogue: Catalogue, path: bytes, mode: int) -> Iterable[str]:
    """A program might follow a link out of its folder, and knows nothing of what the administrator keeps."""
    yield from _kept(catalogue, path)
    if stat.S_ISLNK(mode):
        yield f"It holds a symbolic link, {readable(path)}, which may lead out of it."


def _kept(catalogue: Catalogue, path: bytes) -> Iterable[str]:
    named = catalogue.keep.named_by(path)
    if named:
        yield f"HRO_KEEP names {readable(path)}, as {named}."


def _unseen(log: ScanLog) -> Iterable[str]:
    for mount in log.skipped_mounts:
        yield f"Something is mounted in it, at {mount['path']}."
    if log.error_count:
        yield f"{log.error_count} names in it cannot be looked at, such as {log.errors[0]['path']}."
