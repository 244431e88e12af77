"""A small disk of its own, that can be full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MEBIBYTES = 256


@dataclass(slots=True)
class Disk:
    folder: Path
    is_mounted: bool  #: else it is a folder of the machine's own disk, which nobody may fill

    def fill(self) -> None:
        """Take all room that is left."""
        descriptor = os.open(self._ballast, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            room = os.fstatvfs(descriptor)
            os.posix_fallocate(descriptor, 0, max(1, room.f_bavail * room.f_frsize))
        except OSError:
            pass  # somebody was faster; what is left is little
        finally:
            os.close(descriptor)

    def empty(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A filesystem in memory, mounted at `folder`, where this process may mount one; else the plain folder."""
    folder.mkdir()
    is_mounted = _run("mount", "-t", "tmpfs", "-o", f"size={_MEBIBYTES}m,mode=0700,nosuid,nodev", "chaos", str(folder))
    try:
        yield Disk(folder, is_mounted)
    finally:
        if is_mounted:
            _run("umount", "--lazy", str(folder))


def _run(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
