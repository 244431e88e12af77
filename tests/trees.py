"""Small trees of real files for tests, and a user who may not read all of them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from optimizer.host.files import AnyPath
from optimizer.host.meter import NoProgress
from optimizer.host.tree import Folder, ScanLog, Tree
from optimizer.host.walk import Entry, walk
from optimizer.ports import Progress

_NOBODY = 65_534
#: Old enough to be cached, and not so old that a week has passed since.
AN_HOUR_AGO_NS = 3600 * 1_000_000_000


def make(root: Path, files: Mapping[str, bytes | str]) -> Path:
    """The files, by their names below `root`; text is the target of a symbolic link."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.symlink_to(content)
    return root


def opened(path: Path | bytes) -> Tree:
    return Tree.open(os.fsencode(path), AnyPath())


def walked(
    path: Path | bytes, log: ScanLog | None = None, progress: Progress | None = None
) -> list[tuple[Folder, list[Entry]]]:
    """All that a walk hands out."""
    with opened(path) as tree, closing(walk(tree, log or ScanLog(), progress or NoProgress())) as folders:
        return list(folders)


def open_descriptors() -> set[str]:
    """The descriptors of this process, to see that none is left open."""
    # The one that this very reading takes is gone when it is looked at again
    return {entry.name for entry in Path("/proc/self/fd").iterdir() if os.path.lexists(entry)}


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user whom permissions bind: root passes them all."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
