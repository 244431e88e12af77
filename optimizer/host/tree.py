"""A folder or file that was opened once, and what a scan of it met on the way."""

import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from optimizer.host.beneath import READ, open_beneath, open_untouched
from optimizer.host.files import Opener
from optimizer.paths import join, path_fields
from optimizer.ports import FileKey

#: Errors that are kept; the others are only counted.
_ERRORS_KEPT = 100


class ScanLog:
    """What could not be read, and what was left out on purpose. A scan goes on whatever happens to one entry."""

    def __init__(self) -> None:
        self.error_count = 0
        self.errors: list[dict[str, str]] = []
        self.skipped_mounts: list[dict[str, str]] = []

    def record(self, path: bytes, why: OSError | str) -> None:
        self.error_count += 1
        if len(self.errors) < _ERRORS_KEPT:
            text = why if isinstance(why, str) else why.strerror or str(why)
            self.errors.append({**path_fields(path), "error": text})

    def skipped_mount(self, path: bytes) -> None:
        self.skipped_mounts.append(path_fields(path))

    def to_json(self) -> dict[str, object]:
        """`errors` [{path, path_bytes?, error}] (the first 100), `error_count` (of all) and `skipped_mounts`."""
        return {
            "errors": list(self.errors),
            "error_count": self.error_count,
            "skipped_mounts": list(self.skipped_mounts),
        }


class Tree:
    """An open folder, or a regular file as a tree of one file. Close it, or use it in a `with`."""

    def __init__(self, path: bytes, descriptor: int) -> None:
        self.path = path.rstrip(b"/") or path[:1]  #: as it is shown
        self.descriptor = descriptor
        self.status = os.fstat(descriptor)

    @classmethod
    def open(cls, path: bytes, opener: Opener) -> Self:
        """Raises PathForbiddenError, PathNotFoundError, PathUnusableError."""
        return cls(path, opener.open(path))

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    def close(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Folder:
    """One folder of a tree, as the walk met it; of a tree of one file, where that file is."""

    __slots__ = ("allocated", "depth", "inode", "relative", "tree")

    def __init__(self, tree: Tree, relative: bytes, depth: int, *, inode: int, allocated: int) -> None:
        self.tree = tree
        self.relative = relative  #: its path below the tree, empty for the tree itself
        self.depth = depth  #: 0 for the tree itself
        self.inode = inode
        self.allocated = allocated  #: bytes that the folder's own list of names takes on disk

    @property
    def key(self) -> FileKey:
        return FileKey(self.tree.status.st_dev, self.inode)

    @property
    def path(self) -> bytes:
        return join(self.tree.path, self.relative) if self.tree.is_folder else posixpath.dirname(self.tree.path)

    def path_of(self, name: bytes) -> bytes:
        return join(self.path, name)


class TreeReader:
    """Opens files that a walk has met. Folders come in the walk's order, so the last one is kept open."""

    def __init__(self) -> None:
        self._folder: Folder | None = None
        self._descriptor = -1

    @contextmanager
    def opened(self, folder: Folder, name: bytes) -> Iterator[int]:
        """As `open`, and closes the file afterwards."""
        descriptor = self.open(folder, name)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def open(self, folder: Folder, name: bytes) -> int:
        """A descriptor to read the file from. Raises OSError; ELOOP where a link has taken the place of a folder."""
        if not folder.tree.is_folder:
            descriptor = os.dup(folder.tree.descriptor)
            os.lseek(descriptor, 0, os.SEEK_SET)
            return descriptor
        if folder is not self._folder:
            self.close()
            self._descriptor = open_beneath(folder.tree.descriptor, folder.relative, os.O_PATH | os.O_DIRECTORY)
            self._folder = folder
        return open_untouched(name, READ, self._descriptor)

    def close(self) -> None:
        if self._folder is not None:
            os.close(self._descriptor)
            self._folder = None
