"""What is never taken, however old it is: what a program may rely on, and what the administrator names. Pure."""

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase

from optimizer.paths import readable

#: Names of what programs use to know of each other, or that they rewrite while they run; see also in_use.py
_LIVE_SUFFIXES = (
    ".lock", ".lck", ".pid", ".sock", ".db", ".mdb", ".ldb", ".ibd", ".rdb", ".aof", ".sqlite", ".sqlite3", "-wal",
    "-shm", "-journal", ".swp", ".crdownload", ".part", ".qcow2", ".vmdk",
)  # fmt: skip
#: Folders whose content belongs together, and to a program
_LIVE_FOLDERS = frozenset({
    b".git", b".hg", b".svn", b".bzr", b".X11-unix", b".ICE-unix", b".font-unix", b".XIM-unix", b".Test-unix",
    b".hro-quarantine",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keep:
    """`globs` are whole paths with `*`, `?` and `[…]`, in which `*` stands for slashes too."""

    globs: tuple[str, ...] = ()

    def reason(self, path: bytes) -> str | None:
        """Why a file must stay, as far as its name tells; None where nothing speaks against taking it."""
        if is_live_state(path):
            return "it looks like a lock, a socket, a database or a part of a repository"
        named = self.named_by(path)
        return f"it is named by {named}" if named else None

    def named_by(self, path: bytes) -> str | None:
        """The glob that names a path, if one does."""
        shown = readable(path)
        return next((glob for glob in self.globs if fnmatchcase(shown, glob)), None)


def is_live_state(path: bytes) -> bool:
    """Whether a file's name says that a program may rely on it though it is old."""
    folder, name = posixpath.split(path)
    return name.decode("utf-8", "replace").lower().endswith(_LIVE_SUFFIXES) or bool(
        _LIVE_FOLDERS & set(folder.split(b"/"))
    )
