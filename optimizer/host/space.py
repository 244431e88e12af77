"""What a filesystem has free, and how far that figure wanders by itself."""

import ctypes
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

#: How often a filesystem is looked at to see what others do to it
_LOOKS = 4
#: XFS gives the blocks of a deleted file back in the background, some 4 ms after it was first asked what is free
_SETTLING_SECONDS, _SETTLING_LOOKS = 0.05, 5

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A filesystem at one moment. `noise_bytes` is by how much others changed it while it was looked at."""

    device: int
    total_bytes: int
    free_bytes: int  #: all that is free, also what is kept back for root
    available_bytes: int  #: what others than root may use
    total_inodes: int
    free_inodes: int
    noise_bytes: int = 0

    def with_more_free(self, size: int) -> "Room":
        """The same filesystem, with so many bytes more free."""
        return replace(self, free_bytes=self.free_bytes + size, available_bytes=self.available_bytes + size)


def room_of(descriptor: int) -> Room:
    """Of the filesystem that an open file or folder is on. Raises OSError."""
    found = os.statvfs(descriptor)
    return Room(
        device=os.fstat(descriptor).st_dev,
        total_bytes=found.f_blocks * found.f_frsize,
        free_bytes=found.f_bfree * found.f_frsize,
        available_bytes=found.f_bavail * found.f_frsize,
        total_inodes=found.f_files,
        free_inodes=found.f_ffree,
    )


def settled_rooms(descriptors: Mapping[bytes, int], seconds: float) -> dict[bytes, Room]:
    """The room at each open folder, once what was written to it is on disk; with the noise of the next `seconds`.

    Free space changes when blocks are given back, which may be long after a file was deleted; see syncfs(2).
    """
    for descriptor in descriptors.values():
        flush_filesystem(descriptor)
    _let_settle(descriptors.values())
    looks = [{path: room_of(descriptor) for path, descriptor in descriptors.items()}]
    for _ in range(_LOOKS - 1):
        time.sleep(seconds / (_LOOKS - 1))
        looks.append({path: room_of(descriptor) for path, descriptor in descriptors.items()})
    return {path: _with_noise([look[path] for look in looks]) for path in descriptors}


def _let_settle(descriptors: Collection[int]) -> None:
    """Wait until free space stays the same for a moment: what is still given back is our effect, and not noise."""
    before: list[int] = []
    for _ in range(_SETTLING_LOOKS):
        free = [room_of(descriptor).free_bytes for descriptor in descriptors]
        if free == before:
            return
        before = free
        time.sleep(_SETTLING_SECONDS)


def _with_noise(looks: list[Room]) -> Room:
    free = [room.free_bytes for room in looks]
    return replace(looks[-1], noise_bytes=max(free) - min(free))


def flush_filesystem(descriptor: int) -> None:
    """Write out what an open file's filesystem has in memory; see syncfs(2). Raises OSError."""
    if _libc.syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
