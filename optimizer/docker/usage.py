"""What `docker system df` says, from the engine's answer to GET /system/df. Pure.

Two forms of the answer are understood. From API 1.52 on the engine counts itself (`ImageUsage`,
`ContainerUsage`, `VolumeUsage`, `BuildCacheUsage`); before, it lists every object, and the docker CLI counts:
as its version 29 does, so is it done here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from optimizer.values import JsonObject

#: Containers in these states are in use; see the state machine of the Engine API.
_ACTIVE_STATES = frozenset({"running", "paused", "restarting"})
#: The engine's word for a size that it did not work out.
_UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One row of `docker system df`."""

    count: int
    active_count: int
    total_bytes: int
    reclaimable_bytes: int
    reclaimable_at_most_bytes: int  #: more than the above for images only, whose layers may be shared
    unknown_size_count: int = 0  #: objects whose size the engine did not know; they are in no sum


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUsage:
    images: Usage
    containers: Usage
    volumes: Usage
    build_cache: Usage

    def to_json(self) -> JsonObject:
        rows = asdict(self)
        return {
            **rows,
            "total_bytes": sum(row["total_bytes"] for row in rows.values()),
            "reclaimable_bytes": sum(row["reclaimable_bytes"] for row in rows.values()),
        }


class _Object(NamedTuple):
    """What counts of a container, a volume or a record of the build cache."""

    size: int
    active: bool
    free: bool  #: whether it can go. What nobody knows to be free is neither active nor free


def disk_usage(answer: Mapping[str, Any]) -> DiskUsage:
    """The four rows. A field that is not there counts as zero: the engine's JSON leaves zeros out."""
    return DiskUsage(
        images=_counted(answer.get("ImageUsage")) or _images(_items(answer, "Images"), answer.get("LayersSize") or 0),
        containers=_counted(answer.get("ContainerUsage")) or _sum(map(_container, _items(answer, "Containers"))),
        volumes=_counted(answer.get("VolumeUsage")) or _sum(map(_volume, _items(answer, "Volumes"))),
        build_cache=_counted(answer.get("BuildCacheUsage")) or _sum(map(_record, _items(answer, "BuildCache"))),
    )


def _items(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return answer.get(name) or []


def _counted(usage: Mapping[str, Any] | None) -> Usage | None:
    """What the engine has counted itself."""
    if usage is None:
        return None
    reclaimable = usage.get("Reclaimable", 0)
    return Usage(
        count=usage.get("TotalCount", 0),
        active_count=usage.get("ActiveCount", 0),
        total_bytes=usage.get("TotalSize", 0),
        reclaimable_bytes=reclaimable,
        reclaimable_at_most_bytes=reclaimable,
    )


def _images(images: list[Mapping[str, Any]], layers_bytes: int) -> Usage:
    """Reclaimable is what the images without containers share with no other image.

    That is the least that their removal frees, as layers that only they share go as well. At most all layers
    go but those that used images have for themselves: that is what CLIs before 29 show.
    """
    known = [image for image in images if _UNKNOWN not in (image.get("Size", 0), image.get("SharedSize", 0))]
    # A number of containers that is not known is not none
    own = [(_own_bytes(image), image.get("Containers", 0) == 0) for image in known]
    return Usage(
        count=len(images),
        active_count=sum(image.get("Containers", 0) > 0 for image in images),
        total_bytes=layers_bytes,
        reclaimable_bytes=sum(size for size, unused in own if unused),
        reclaimable_at_most_bytes=layers_bytes - sum(size for size, unused in own if not unused),
        unknown_size_count=len(images) - len(known),
    )


def _own_bytes(image: Mapping[str, Any]) -> int:
    own: int = image.get("Size", 0) - image.get("SharedSize", 0)
    return own


def _container(container: Mapping[str, Any]) -> _Object:
    """Its writable layer; free where the container does not run."""
    active = container.get("State") in _ACTIVE_STATES
    return _Object(container.get("SizeRw", 0), active, free=not active)


def _volume(volume: Mapping[str, Any]) -> _Object:
    """Free where no container, running or not, refers to it."""
    usage = volume.get("UsageData") or {"Size": _UNKNOWN, "RefCount": _UNKNOWN}
    references = usage.get("RefCount", 0)
    return _Object(usage.get("Size", 0), references > 0, free=references == 0)


def _record(record: Mapping[str, Any]) -> _Object:
    """Bytes that it shares with another record or an image are theirs, and counted there."""
    active = bool(record.get("InUse"))
    return _Object(0 if record.get("Shared") else record.get("Size", 0), active, free=not active)


def _sum(objects: Iterable[_Object]) -> Usage:
    objects = list(objects)
    known = [each for each in objects if each.size != _UNKNOWN]
    reclaimable = sum(each.size for each in known if each.free)
    return Usage(
        count=len(objects),
        active_count=sum(each.active for each in objects),
        total_bytes=sum(each.size for each in known),
        reclaimable_bytes=reclaimable,
        reclaimable_at_most_bytes=reclaimable,
        unknown_size_count=len(objects) - len(known),
    )
