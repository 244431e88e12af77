"""What may be opened at all: inside the configured folders, and only folders and regular files."""

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from optimizer.errors import HroError, PathForbiddenError, PathNotFoundError, PathUnusableError
from optimizer.host.beneath import READ, open_beneath
from optimizer.paths import path_fields, readable

#: A walk holds a descriptor for each level that it is in; beyond this many, a tree is no tree for people.
_OPEN_FILES = 65_536

#: Opens one certain file with the flags it is given.
_OpenWith = Callable[[int], int]


class Opener(Protocol):
    """Who decides what may be read."""

    def open(self, path: bytes) -> int:
        """A descriptor of a folder or a regular file.

        Raises PathForbiddenError, PathNotFoundError, or PathUnusableError where it exists and cannot be read.
        """


class ScanRoots:
    """Opens what is inside the configured folders, and nothing else.

    A root's own symbolic links are resolved once, here. Each call then opens the root without following any: one
    that was swapped for a link is refused, one that was mounted since is seen, and no descriptor outlives a fork.
    """

    def __init__(
        self, paths: Iterable[str | os.PathLike[str]], *, setting: str = "HRO_SCAN_ROOTS", one_mount: bool = False
    ) -> None:
        self._roots = {path: os.path.realpath(path) for path in map(_normal, map(os.fsencode, paths))}
        self._setting = setting
        self._one_mount = one_mount  # nothing is opened that is mounted below a root

    @property
    def paths(self) -> tuple[bytes, ...]:
        """The roots as they were configured."""
        return tuple(self._roots)

    def distinct(self) -> tuple[bytes, ...]:
        """The roots without those that lie inside another one, so that nothing is counted twice."""
        return without_nested(self._roots)

    def holds(self, path: bytes) -> bool:
        """Whether `path` is, by its name, a root or inside one."""
        return self._root_and_real(_normal(path)) is not None

    def root_of(self, path: bytes) -> bytes:
        """The root, as it was configured, that holds `path`. Raises PathForbiddenError."""
        found = self._root_and_real(_normal(path))
        if found is None:
            raise self._forbidden(path, "is outside the folders of")
        return found[0]

    def open(self, path: bytes) -> int:
        """A descriptor of the folder or regular file at the absolute `path`.

        Raises PathForbiddenError outside every root and behind a symbolic link, PathNotFoundError where there is
        nothing, PathUnusableError where it cannot be read.
        """
        path = _normal(path)
        root, relative = self._split(path)
        try:
            return _open_readable(path, lambda flags: _open_in(root, relative, flags, one_mount=self._one_mount))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._forbidden(path, "passes through a symbolic link, and none is followed below") from None
            if error.errno == errno.EXDEV:
                raise self._forbidden(path, "is on another mount than the folder of") from None
            raise _unopened(path, error) from None

    def _split(self, path: bytes) -> tuple[bytes, bytes]:
        """The real name of the root that holds `path`, and the rest."""
        found = self._root_and_real(path)
        if found is None:
            raise self._forbidden(path, "is outside the folders of")
        return found[1:]

    def _root_and_real(self, path: bytes) -> tuple[bytes, bytes, bytes] | None:
        """The root that holds `path`, its real name, and the rest; a root is known by either of its names."""
        for root, real in self._roots.items():
            for prefix in (root, real):
                relative = _relative(path, prefix)
                if relative is not None:
                    return root, real, relative
        return None

    def _forbidden(self, path: bytes, why: str) -> PathForbiddenError:
        return PathForbiddenError(f"{readable(path)} {why} {self._setting}", setting=self._setting, **path_fields(path))


class AnyPath:
    """Opens whatever this process's user may read; symbolic links are followed, as in every shell command."""

    def open(self, path: bytes) -> int:
        """A descriptor of the folder or regular file. Raises PathNotFoundError, PathUnusableError."""
        try:
            return _open_readable(path, lambda flags: os.open(path, flags))
        except OSError as error:
            raise _unopened(path, error) from None


def without_nested(real_paths: Mapping[bytes, bytes]) -> tuple[bytes, ...]:
    """The paths, given with what each really is, without those that are or lie inside another; the first one stays."""
    first: dict[bytes, bytes] = {}
    for path, real in real_paths.items():
        first.setdefault(real, path)
    return tuple(
        path
        for path, real in real_paths.items()
        if first[real] == path and not any(_relative(real, other) for other in first)
    )


def _normal(path: bytes) -> bytes:
    # A leading // is the one thing that normpath leaves alone
    return os.path.normpath(b"/" + path.lstrip(b"/"))


def _relative(path: bytes, root: bytes) -> bytes | None:
    """`path` as seen from `root`: empty where it is the root, None where it is not inside."""
    if path == root:
        return b""
    prefix = root.rstrip(b"/") + b"/"
    return path[len(prefix) :] if path.startswith(prefix) else None


def _open_in(root: bytes, relative: bytes, flags: int, *, one_mount: bool) -> int:
    slash_fd = os.open(b"/", os.O_PATH | os.O_DIRECTORY)
    try:
        root_fd = open_beneath(slash_fd, root.lstrip(b"/"), os.O_PATH | os.O_DIRECTORY)
    finally:
        os.close(slash_fd)
    try:
        return open_beneath(root_fd, relative, flags, one_mount=one_mount)
    finally:
        os.close(root_fd)


def _open_readable(path: bytes, open_with: _OpenWith) -> int:
    """A descriptor to read from. Raises PathUnusableError for another type of file, and OSError.

    To open a device may already do something (a watchdog starts, a tape rewinds): so first look at what it is.
    """
    looked_fd = open_with(os.O_PATH)
    try:
        looked = os.fstat(looked_fd)
    finally:
        os.close(looked_fd)
    if not (stat.S_ISDIR(looked.st_mode) or stat.S_ISREG(looked.st_mode)):
        raise PathUnusableError(f"{readable(path)} is neither a folder nor a regular file", **path_fields(path))
    descriptor = _open_untouched(open_with)
    if not os.path.samestat(looked, os.fstat(descriptor)):
        os.close(descriptor)
        raise PathUnusableError(f"{readable(path)} was replaced while it was opened", **path_fields(path))
    return descriptor


def _open_untouched(open_with: _OpenWith) -> int:
    """Without changing the access time, where this user may ask for that."""
    try:
        return open_with(READ | os.O_NOATIME)
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
    return open_with(READ)


def _unopened(path: bytes, error: OSError) -> HroError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return PathNotFoundError(f"{readable(path)} does not exist", **path_fields(path))
    return PathUnusableError(f"{readable(path)} cannot be read: {error.strerror}", **path_fields(path))


def raise_open_file_limit() -> None:
    """Let this process hold as many open files as it may: a walk keeps the folders above it open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
