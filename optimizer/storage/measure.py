"""What a change of storage is measured by."""

from optimizer.host.space import Room
from optimizer.storage.filesystems import Space, space_of
from optimizer.storage.hands import Hands
from optimizer.values import JsonObject

_ALL = b"/"


def measure(hands: Hands) -> JsonObject:
    """`free_bytes` {root: bytes}, `disk_percent` of the fullest filesystem, and `filesystems`, one of each device.

    Where no folder may be changed, `disk_percent` is that of the whole disk.
    """
    rooms = hands.rooms()
    journal_device, journal_bytes = hands.journal.file.allocated()
    return {
        "free_bytes": {root: room.free_bytes for root, room in rooms.items()},
        "disk_percent": max((_percent(room) for room in rooms.values()), default=space_of(_ALL).percent),
        "filesystems": [
            {"device": room.device, "free_bytes": room.free_bytes, "free_inodes": room.free_inodes,
             "noise_bytes": room.noise_bytes, "journal_bytes": journal_bytes * (room.device == journal_device)}
            for room in {room.device: room for room in rooms.values()}.values()
        ],
    }  # fmt: skip


def _percent(room: Room) -> float:
    return Space(room.total_bytes, room.total_bytes - room.free_bytes, room.available_bytes).percent
