"""Which mounts are disks, and what is said of them."""

import shutil
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from optimizer.host import disks, mountinfo
from optimizer.host.mountinfo import Mount
from tests.fakes import proc
from tests.strategies import mounts

HOST = b"""\
27 1 254:1 / / rw - ext4 /dev/vda1 rw
22 27 0:21 / /proc rw - proc proc rw
25 27 0:25 / /dev/shm rw - tmpfs tmpfs rw
40 27 254:2 / /home rw - xfs /dev/vda2 rw
41 27 254:1 /var/data /mnt/bind rw - ext4 /dev/vda1 rw
42 27 7:0 / /snap/core/1 ro - squashfs /dev/loop0 ro
43 27 0:50 / /mnt/nfs rw - nfs4 server:/export rw
44 27 0:51 / /mnt/ssh rw - fuse.sshfs me@there: rw
45 27 0:52 / /data rw - btrfs /dev/vdb rw
46 27 0:53 / /tank rw - zfs tank rw
"""

CONTAINER = b"""\
500 400 0:99 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u
501 500 0:21 / /proc rw - proc proc rw
510 500 254:1 /var/lib/docker/containers/abc/hosts /etc/hosts rw - ext4 /dev/vda1 rw
511 500 254:1 /srv/data /data rw - ext4 /dev/vda1 rw
"""


def points(text: bytes) -> list[bytes]:
    return [mount.point for mount in disks.one_each(disks.data_mounts(mountinfo.parse(text)))]


def test_a_host_shows_each_filesystem_once() -> None:
    """Neither pseudo nor network filesystems nor read-only images; a bind mount is no disk of its own."""
    assert points(HOST) == [b"/", b"/data", b"/home", b"/tank"]


def test_the_root_of_a_container_is_a_disk() -> None:
    """An overlay has no device number of a disk, and still holds the container's data."""
    assert b"/" in points(CONTAINER)


def test_what_is_mounted_over_is_not_shown() -> None:
    """Only the last mount at a place can be seen."""
    text = HOST + b"60 40 0:60 / /home rw - tmpfs tmpfs rw\n"
    assert b"/home" not in points(text)


@given(st.lists(mounts()))
def test_a_filesystem_is_shown_once_at_most(found: list[Mount]) -> None:
    """No two of the mounts chosen have the same device number."""
    chosen = disks.one_each(found)
    assert len({(mount.major, mount.minor) for mount in chosen}) == len(chosen)


def test_numbers_are_those_of_df(tmp_path: Path) -> None:
    """Total and free bytes are what statvfs grants to a user; a place that cannot be looked at is left out."""
    lost = ext4(tmp_path / "gone", "9:2") + ext4(tmp_path / ("too long" * 99), "9:3")
    proc.write(proc.make_proc(tmp_path), "self/mountinfo", ext4(tmp_path, "9:1") + lost)
    (found,) = disks.read(tmp_path)
    assert found["mountpoint"] == str(tmp_path)
    assert found["total_bytes"] == shutil.disk_usage(tmp_path).total
    assert 0 <= found["percent"] <= 100
    assert 0 <= found["free_bytes"] <= found["total_bytes"]


def test_a_file_does_not_stand_for_its_disk(tmp_path: Path) -> None:
    """A container has single files of the host's disk mounted; a folder of the same disk is shown all the same."""
    proc.write(tmp_path, "f", "")
    folder = tmp_path / "a longer name"
    folder.mkdir()
    proc.write(proc.make_proc(tmp_path), "self/mountinfo", ext4(tmp_path / "f", "9:1") + ext4(folder, "9:1"))
    assert [disk["mountpoint"] for disk in disks.read(tmp_path)] == [str(folder)]


def ext4(point: Path, device: str) -> str:
    return f"1 1 {device} / {str(point).replace(' ', chr(92) + '040')} rw - ext4 /dev/x rw\n"
