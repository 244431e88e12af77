"""Filesystems of the tests' own: a sparse file, formatted and mounted, which is gone afterwards."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import missing

#: How each is made, quietly; XFS takes nothing under 300 MB
MAKERS = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-m", "0"],
    "btrfs": ["mkfs.btrfs", "-q", "-f", "-M"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
}


@contextmanager
def mounted(kind: str, folder: Path, megabytes: int, *options: str) -> Iterator[Path]:
    """An empty filesystem on `<folder>/<kind>`, made with further `options`. Leaves the test out where it cannot be.

    It lies in memory: there a flush costs nothing, and no other test waits for it.
    """
    maker = MAKERS[kind]
    if os.geteuid() != 0 or shutil.which(maker[0]) is None:
        missing(f"{maker[0]}, or the right to mount,")
    memory, point = folder / f"{kind}.memory", folder / kind
    with _mount("tmpfs", memory, "-t", "tmpfs", "-o", f"size={megabytes + 1}m"):
        image = memory / "image"
        with image.open("wb") as file:
            file.truncate(megabytes * 1024 * 1024)
        subprocess.run([*maker, *options, image], check=True, capture_output=True)
        with _mount(image, point, "-o", "loop"):
            yield point


@contextmanager
def in_memory(point: Path, options: str) -> Iterator[Path]:
    """An empty filesystem in memory, mounted with these `options`. Leaves the test out where it cannot be."""
    if os.geteuid() != 0:
        missing("the right to mount")
    with _mount("tmpfs", point, "-t", "tmpfs", "-o", options):
        yield point


@contextmanager
def _mount(what: str | Path, point: Path, *options: str) -> Iterator[None]:
    point.mkdir()
    if subprocess.run(["mount", *options, what, point], check=False, capture_output=True).returncode != 0:
        missing("the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", point], check=True)
        point.rmdir()
