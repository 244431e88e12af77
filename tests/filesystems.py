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
def mounted(kind: str, folder: Path, megabytes: int) -> Iterator[Path]:
    """An empty filesystem on `<folder>/<kind>`. Leaves the test out where it cannot be made, see `missing`."""
    maker = MAKERS[kind]
    if os.geteuid() != 0 or shutil.which(maker[0]) is None:
        missing(f"{maker[0]}, or the right to mount,")
    image, point = folder / f"{kind}.img", folder / kind
    with image.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    subprocess.run([*maker, image], check=True, capture_output=True)
    point.mkdir()
    if subprocess.run(["mount", "-o", "loop", image, point], check=False, capture_output=True).returncode != 0:
        missing("the right to mount")
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)
        image.unlink()
