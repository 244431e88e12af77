"""What systemd-tmpfiles is told about files: the lines of its configuration, from where it reads it."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

#: Of two files with one name, that of the earlier folder counts, and the other not at all; see tmpfiles.d(5)
TMPFILES_D = tuple(
    map(Path, ("/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"))
)


def read_tmpfiles_d(folders: Sequence[Path] = TMPFILES_D) -> list[bytes]:
    """All lines, file after file in the order of their names; none where there is no such folder. Raises OSError.

    A file that is a link to /dev/null, or empty, hides those of its name.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        with suppress(FileNotFoundError):
            for path in folder.iterdir():
                if path.suffix == ".conf":
                    files.setdefault(path.name, path)
    return [line for _, path in sorted(files.items()) for line in _lines(path)]


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError:  # a link to nothing, or removed meanwhile
        return []
