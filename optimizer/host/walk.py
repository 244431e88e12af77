"""One pass over a tree: every name once, in a fixed order, whatever is wrong with it."""

import os
import posixpath
import stat
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

from optimizer.host import mountinfo
from optimizer.host.beneath import READ, open_untouched
from optimizer.host.meter import Meter
from optimizer.host.tree import Folder, ScanLog, Tree
from optimizer.paths import join
from optimizer.ports import FileKey, FileState, Progress

#: Where reclaimed files wait for their purge; never looked into.
QUARANTINE = ".hro-quarantine"

#: A name, and what lstat says of it.
Entry = tuple[bytes, os.stat_result]

#: `st_blocks` counts units of so many bytes, whatever the filesystem's block size; see stat(2).
BLOCK = 512

#: Entries of one folder that are handed out together, so that a folder of a million names takes little memory.
_CHUNK = 512
#: Names of an open folder come from Python as text, whose exact bytes this gives back; see os.fsencode.
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


class SeenFile(NamedTuple):
    """A regular file as the walk saw it."""

    folder: Folder
    name: bytes
    key: FileKey
    state: FileState
    accessed_ns: int

    @property
    def path(self) -> bytes:
        return self.folder.path_of(self.name)


def key_of(status: os.stat_result) -> FileKey:
    return FileKey(status.st_dev, status.st_ino)


def state_of(status: os.stat_result) -> FileState:
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def seen_file(folder: Folder, name: bytes, status: os.stat_result) -> SeenFile:
    return SeenFile(folder, name, key_of(status), state_of(status), status.st_atime_ns)


def walk(tree: Tree, log: ScanLog, progress: Progress) -> Generator[tuple[Folder, list[Entry]], None, None]:
    """Each folder of the tree, parents first, with what is in it that is no folder, sorted by name.

    A folder comes at least once, and again for every 512 entries more. What cannot be read is in `log`. The walk
    keeps to the tree's filesystem and mount, follows no link, and skips quarantine. Each level
    with folders still to come holds a descriptor. Use it in contextlib.closing, as it holds them while
    it waits. Raises CancelledError.
    """
    meter = Meter(progress, "walk")
    for folder, entries in _Walk(tree, log).run() if tree.is_folder else _single(tree):
        size = sum(status.st_size for _, status in entries)
        meter.add(folder.path, files=len(entries), size=size)
        yield folder, entries


class _Level(NamedTuple):
    """A folder whose own folders are still to be gone into."""

    folder: Folder
    descriptor: int
    pending: list[str]  #: their names, the last one first


class _Walk:
    """The walk of one folder. Depth first without recursion: a tree may be deeper than Python's stack."""

    def __init__(self, tree: Tree, log: ScanLog) -> None:
        self._tree = tree
        self._log = log
        self._mounts = _mounts_below(tree.descriptor)
        self._levels: list[_Level] = []

    def run(self) -> Iterator[tuple[Folder, list[Entry]]]:
        try:
            root = _folder(self._tree, b"", 0, self._tree.status)
            yield from self._enter(root, os.dup(self._tree.descriptor))
            while self._levels:
                level = self._levels[-1]
                folder, descriptor = self._descend(level, level.pending.pop()) if level.pending else (None, -1)
                if not level.pending:
                    # Closed before the last of its folders is entered: a chain of folders holds two descriptors
                    self._levels.pop()
                    os.close(level.descriptor)
                if folder is not None:
                    yield from self._enter(folder, descriptor)
        finally:
            for level in self._levels:
                os.close(level.descriptor)

    def _enter(self, folder: Folder, descriptor: int) -> Iterator[tuple[Folder, list[Entry]]]:
        if descriptor < 0:
            yield folder, []
            return
        pending: list[str] = []
        self._levels.append(_Level(folder, descriptor, pending))
        names = self._names(folder, descriptor)
        for start in range(0, len(names) or 1, _CHUNK):
            yield folder, self._look(folder, descriptor, names[start : start + _CHUNK], pending)
        pending.reverse()

    def _names(self, folder: Folder, descriptor: int) -> list[str]:
        try:
            return sorted(os.listdir(descriptor))
        except OSError as error:
            self._log.record(folder.path, error)
            return []

    def _look(self, folder: Folder, descriptor: int, names: list[str], pending: list[str]) -> list[Entry]:
        """What these names are; those of folders go to `pending`."""
        entries: list[Entry] = []
        for text in names:
            name = text.encode(_ENCODING, _ERRORS)
            # Before it is looked at: even that may hang where a file server is gone
            if self._mounts and join(folder.relative, name) in self._mounts:
                self._log.skipped_mount(folder.path_of(name))
                continue
            try:
                status = os.stat(text, dir_fd=descriptor, follow_symlinks=False)
            except OSError as error:
                self._log.record(folder.path_of(name), error)
                continue
            if not stat.S_ISDIR(status.st_mode):
                entries.append((name, status))
            elif text != QUARANTINE:
                pending.append(text)
        return entries

    def _descend(self, level: _Level, text: str) -> tuple[Folder | None, int]:
        """The folder of that name and its descriptor, -1 where it cannot be read; None where it is skipped."""
        name = text.encode(_ENCODING, _ERRORS)
        relative = join(level.folder.relative, name)
        descriptor = -1
        status: os.stat_result | None
        try:
            descriptor = open_untouched(name, READ | os.O_DIRECTORY, level.descriptor)
            status = os.fstat(descriptor)
        except OSError as error:
            self._log.record(level.folder.path_of(name), error)
            status = _status_or_none(name, level.descriptor)
        if status is not None and status.st_dev == self._tree.status.st_dev:
            return _folder(self._tree, relative, level.folder.depth + 1, status), descriptor
        if status is not None:
            self._log.skipped_mount(level.folder.path_of(name))
        if descriptor >= 0:
            os.close(descriptor)
        return None, -1


def _folder(tree: Tree, relative: bytes, depth: int, status: os.stat_result) -> Folder:
    return Folder(tree, relative, depth, inode=status.st_ino, allocated=status.st_blocks * BLOCK)


def _status_or_none(name: bytes, folder_fd: int) -> os.stat_result | None:
    """What a folder that cannot be opened takes itself; None where it is gone or no folder any more."""
    try:
        status = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except OSError:
        return None
    return status if stat.S_ISDIR(status.st_mode) else None


def _mounts_below(descriptor: int) -> frozenset[bytes]:
    """Where other mounts begin, seen from the folder; a bind mount of the same filesystem has the same st_dev."""
    try:
        real = os.fsencode(Path(f"/proc/self/fd/{descriptor}").readlink())
        points = [mount.point for mount in mountinfo.read()]
    except OSError:  # no /proc: st_dev still tells one filesystem from another
        return frozenset()
    prefix = real.rstrip(b"/") + b"/"
    return frozenset(point[len(prefix) :] for point in points if point.startswith(prefix) and point != prefix)


def _single(tree: Tree) -> Iterator[tuple[Folder, list[Entry]]]:
    try:
        inode = os.stat(posixpath.dirname(tree.path) or b".").st_ino  # noqa: PTH116 - bytes
    except OSError:  # it was moved meanwhile; the inode is a hint to those who keep something of the folder
        inode = 0
    yield Folder(tree, b"", 0, inode=inode, allocated=0), [(posixpath.basename(tree.path), tree.status)]
