"""What a search looks through, and how it comes to any folder below without following a link."""

import os
import resource
import stat
from typing import Final

from optimizer.storage.engine.mounts import mounts_below

#: To read whatever is there: never waits for a FIFO's writer, never takes a terminal, follows no link.
READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW
#: Folders that are kept open on the way to the last one.
_OPEN: Final = 12
#: Folders that are kept open where they come in any order.
_MANY: Final = 1024


class Root:
    """A folder that is open, or a regular file."""

    def __init__(self, path: bytes, descriptor: int) -> None:
        self.path = path  #: as it is shown
        self.descriptor = descriptor
        status = os.fstat(descriptor)
        self.device = status.st_dev
        self.is_folder = stat.S_ISDIR(status.st_mode)
        self.is_local = os.major(status.st_dev) != 0  #: on a block device, so that this kernel stamps its times
        self.mounts = mounts_below(descriptor) if self.is_folder else {}

    def path_of(self, folder: bytes, name: bytes = b"") -> bytes:
        """Of a root that is a file, its own."""
        if not self.is_folder:
            return self.path
        inside = join(folder, name)
        return join(self.path, inside) if inside else self.path


def join(folder: bytes, name: bytes) -> bytes:
    """`name` inside `folder`, where either may be empty."""
    if not folder or not name:
        return folder or name
    return folder + name if folder.endswith(b"/") else folder + b"/" + name


def open_untouched(name: str | bytes, flags: int, folder: int) -> int:
    """Open without changing the access time, where this user may ask for that. Raises OSError."""
    try:
        return os.open(name, flags | os.O_NOATIME, dir_fd=folder)
    except PermissionError as error:
        if error.errno != 1:  # EPERM: only the owner may ask
            raise
    return os.open(name, flags, dir_fd=folder)


class OpenFolders:
    """Opens folders in any order. Many stay open, as others of their files mostly come later."""

    def __init__(self, roots: list[Root]) -> None:
        self._way = Way(roots)
        self._open: dict[tuple[int, bytes], int] = {}
        self._most = min(_MANY, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)

    def open(self, root: int, folder: bytes) -> int:
        """A descriptor of the folder that is good until the next call. Raises OSError."""
        descriptor = self._open.get((root, folder))
        if descriptor is None:
            if len(self._open) >= self._most:
                os.close(self._open.pop(next(iter(self._open))))
            descriptor = self._open[root, folder] = os.dup(self._way.open(root, folder))
        return descriptor

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()
        self._way.close()


class Way:
    """Opens one folder after the other. The next one mostly shares most of its path with the last one."""

    def __init__(self, roots: list[Root]) -> None:
        self._roots = roots
        self._root = -1
        self._parts: list[bytes] = []
        self._open: list[int] = []  # a descriptor for each part; -1 where it was closed again

    def open(self, root: int, folder: bytes) -> int:
        """A descriptor of the folder that is good until the next call. Raises OSError."""
        parts = folder.split(b"/") if folder else []
        self._keep(self._shared(root, parts))
        self._root = root
        for part in parts[len(self._parts) :]:
            above = self._open[-1] if self._open else self._roots[root].descriptor
            self._open.append(open_untouched(part, READ | os.O_DIRECTORY, above))
            self._parts.append(part)
            if len(self._open) > _OPEN:
                self._close(len(self._open) - _OPEN - 1)
        return self._open[-1] if self._open else self._roots[root].descriptor

    def _shared(self, root: int, parts: list[bytes]) -> int:
        """How many folders of the way that is open are on the new way as well."""
        if root != self._root:
            return 0
        count = 0
        for ours, wanted in zip(self._parts, parts, strict=False):
            if ours != wanted:
                break
            count += 1
        return count if count and self._open[count - 1] >= 0 else 0

    def _keep(self, count: int) -> None:
        for number in range(count, len(self._open)):
            self._close(number)
        del self._open[count:], self._parts[count:]

    def _close(self, number: int) -> None:
        if self._open[number] >= 0:
            os.close(self._open[number])
            self._open[number] = -1

    def close(self) -> None:
        self._keep(0)
