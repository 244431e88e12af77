"""The filesystems that keep data on this host, and how full they are."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from optimizer.host import mountinfo
from optimizer.host.mountinfo import Mount
from optimizer.host.procfs import PROC
from optimizer.paths import readable
from optimizer.values import JsonObject

#: Always full and never writable: an image's being full is no news.
_IMAGES = frozenset({"squashfs", "iso9660", "udf", "erofs", "cramfs"})
#: Keep data on disks, though their device number does not say so.
_WITHOUT_DEVICE = frozenset({"btrfs", "zfs", "bcachefs"})


def data_mounts(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """The mounts with data on disks that can be seen; `/` whatever it is.

    Network filesystems are left out: to ask one whose server is gone may block for ever.
    """
    visible = {mount.point: mount for mount in mounts}  # the last mount at a place hides those before it
    return tuple(mount for mount in visible.values() if _keeps_data(mount))


def one_each(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """One mount for each filesystem, the one that shows most of it; sorted by where they are."""
    chosen: dict[tuple[int, int], Mount] = {}
    for mount in sorted(mounts, key=_narrowness):
        chosen.setdefault((mount.major, mount.minor), mount)
    return tuple(sorted(chosen.values(), key=lambda mount: mount.point))


def _keeps_data(mount: Mount) -> bool:
    on_disk = mount.major != 0 or mount.filesystem in _WITHOUT_DEVICE
    return mount.point == b"/" or (on_disk and mount.filesystem not in _IMAGES)


def _narrowness(mount: Mount) -> tuple[bool, int, int]:
    return mount.point != b"/", len(mount.root), len(mount.point)


def read(proc_root: Path = PROC) -> list[JsonObject]:
    """`mountpoint`, `percent`, `free_bytes` and `total_bytes` of each, as df shows them to a user."""
    # A container has single files of the host's disk mounted, such as /etc/hosts
    folders = [mount for mount in data_mounts(mountinfo.read(proc_root)) if _is_folder(mount)]
    return list(_usages(one_each(folders)))


def _usages(mounts: Iterable[Mount]) -> Iterator[JsonObject]:
    for mount in mounts:
        # It may have been unmounted a moment ago
        with suppress(OSError):
            usage = psutil.disk_usage(str(_path(mount)))
            yield {
                "mountpoint": readable(mount.point),
                "percent": usage.percent,
                "free_bytes": usage.free,
                "total_bytes": usage.total,
            }


def _is_folder(mount: Mount) -> bool:
    try:
        return _path(mount).is_dir()
    except OSError:  # below a folder that is not ours to enter
        return False


def _path(mount: Mount) -> Path:
    return Path(os.fsdecode(mount.point))
