"""The control groups that this process is in, and the limits that they set.

Sources: cgroups(7) and Documentation/admin-guide/cgroup-v1 and cgroup-v2 of the Linux kernel.
"""

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from optimizer.host import mountinfo
from optimizer.host.mountinfo import Mount
from optimizer.host.procfs import PROC

Version = Literal["v1", "v2", "hybrid", "none"]

#: v1 says "no limit" as the largest number of whole pages; no machine has so much memory.
_UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLimit:
    limit_bytes: int
    usage_bytes: int
    room_bytes: int  #: what can still be used before the kernel reclaims or kills
    file: Path  #: where the limit stands


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuQuota:
    cores: float  #: CPU time per time, such as 1.5
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """One hierarchy: this process's own group first, then each one above it, up to the mount."""

    unified: bool  #: cgroup v2
    folders: tuple[Path, ...] = ()


def version(mounts: Sequence[Mount]) -> Version:
    """Which hierarchies are mounted."""
    match {mount.filesystem for mount in mounts} & {"cgroup", "cgroup2"}:
        case found if len(found) > 1:
            return "hybrid"
        case found if "cgroup2" in found:
            return "v2"
        case found if found:
            return "v1"
    return "none"


def parse_membership(text: bytes) -> Mapping[str, bytes]:
    """The group by controller, from /proc/self/cgroup; that of the v2 hierarchy is under the empty name."""
    groups: dict[str, bytes] = {}
    for line in text.split(b"\n"):
        _, _, rest = line.partition(b":")
        controllers, separator, path = rest.partition(b":")
        if separator:
            groups |= dict.fromkeys(controllers.decode("ascii", "backslashreplace").split(","), path)
    return groups


def groups_of(controller: str, membership: Mapping[str, bytes], mounts: Sequence[Mount]) -> Groups:
    """Where the limits of `controller` stand: in its v1 hierarchy where it has one, else in v2."""
    unified = controller not in membership
    path = membership.get("" if unified else controller)
    for mount in mounts:
        found = (
            mount.filesystem == "cgroup2"
            if unified
            else (mount.filesystem == "cgroup" and controller in mount.super_options)
        )
        if found and path is not None:
            return Groups(unified=unified, folders=tuple(_upwards(path, mount)))
    return Groups(unified=unified)


def _upwards(path: bytes, mount: Mount) -> Iterator[Path]:
    """The folders from a group up to the mount.

    In a container the mount may show a part of the hierarchy only, and a group outside of it is told as
    one above it: then the mount itself is the nearest folder there is.
    """
    relative = posixpath.relpath(b"/" + path, b"/" + mount.root)
    outside = relative == b".." or relative.startswith(b"../")
    while relative not in (b"", b".") and not outside:
        yield Path(os.fsdecode(posixpath.join(mount.point, relative)))
        relative = posixpath.dirname(relative)
    yield Path(os.fsdecode(mount.point))


def parse_limit(text: str) -> int | None:
    """A number of bytes, or None for no limit (`max` in v2, a huge number in v1)."""
    return int(text) if text.isdecimal() and int(text) < _UNLIMITED else None


def parse_stat(text: str) -> Mapping[str, int]:
    """The `name number` lines of memory.stat."""
    pairs = (line.partition(" ") for line in text.splitlines())
    return {name: int(number) for name, _, number in pairs if number.isdecimal()}


def room(limit: int, usage: int, inactive_file: int) -> int:
    """What a group can still use: cached file pages not lately used are given up for it at once.

    The kubelet computes a container's working set in the same way.
    """
    return max(0, limit - max(0, usage - inactive_file))


def memory_limit(groups: Groups) -> MemoryLimit | None:
    """The tightest limit on the way up, that is the one with the least room; None where nothing limits."""
    found = [limit for folder in groups.folders for limit in _memory_limits(folder, unified=groups.unified)]
    return min(found, key=lambda limit: limit.room_bytes, default=None)


def _memory_limits(folder: Path, *, unified: bool) -> Iterator[MemoryLimit]:
    # memory.high does not fail an allocation, but throttles and reclaims: no more can be had in good order
    names = ("memory.max", "memory.high") if unified else ("memory.limit_in_bytes",)
    for file in (folder / name for name in names):
        limit = parse_limit(_text(file))
        if limit is not None:
            yield _measured(limit, file, unified=unified)


def _measured(limit: int, file: Path, *, unified: bool) -> MemoryLimit:
    usage_file, inactive = (
        ("memory.current", "inactive_file") if unified else ("memory.usage_in_bytes", "total_inactive_file")
    )
    usage = parse_limit(_text(file.with_name(usage_file))) or 0
    stat = parse_stat(_text(file.with_name("memory.stat")))
    return MemoryLimit(
        limit_bytes=limit,
        usage_bytes=usage,
        room_bytes=room(limit, usage, stat.get(inactive, 0)),
        file=file,
    )


def parse_quota(quota: str, period: str) -> float | None:
    """Cores' worth of CPU time, or None for no quota (`max` in v2, -1 in v1)."""
    if not quota.isdecimal() or not period.isdecimal() or int(period) == 0:
        return None
    return int(quota) / int(period)


def cpu_quota(groups: Groups) -> CpuQuota | None:
    """The smallest quota on the way up; None where there is none."""
    read = _quota_v2 if groups.unified else _quota_v1
    found = [quota for folder in groups.folders if (quota := read(folder))]
    return min(found, key=lambda quota: quota.cores, default=None)


def _quota_v2(folder: Path) -> CpuQuota | None:
    file = folder / "cpu.max"
    quota, _, period = _text(file).partition(" ")
    return _quota(quota, period, file)


def _quota_v1(folder: Path) -> CpuQuota | None:
    file = folder / "cpu.cfs_quota_us"
    return _quota(_text(file), _text(folder / "cpu.cfs_period_us"), file)


def _quota(quota: str, period: str, file: Path) -> CpuQuota | None:
    cores = parse_quota(quota, period)
    return None if cores is None else CpuQuota(cores=cores, file=file)


def _text(file: Path) -> str:
    """What stands in the file; nothing where it is not there, as in the root group, or has just gone."""
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def own_groups(controller: str, proc_root: Path = PROC) -> Groups:
    """The groups of this process for `controller`; none where they cannot be read."""
    try:
        membership = parse_membership((proc_root / "self" / "cgroup").read_bytes())
        mounts = mountinfo.read(proc_root)
    except OSError:
        return Groups(unified=False)
    return groups_of(controller, membership, mounts)
