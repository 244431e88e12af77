"""Limits of control groups, in trees of both versions as containers and services have them."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given

from optimizer.host import cgroup, mountinfo
from tests.fakes import proc
from tests.strategies import counters

GIB = 1 << 30
#: What v1 says for "no limit": LONG_MAX, in whole pages.
V1_UNLIMITED = 9223372036854771712


def v2(root: Path, files: Mapping[str, str], path: str = "/system.slice/worker.service") -> Path:
    """A /proc whose process is in the v2 group `path`, below a mount with `files`."""
    made = proc.make_proc(root / "proc")
    for name, text in files.items():
        proc.write(root / "cgroup", name, text + "\n")
    proc.write(made, "self/cgroup", f"0::{path}\n")
    proc.write(
        made, "self/mountinfo", f"{proc.MOUNTINFO}30 23 0:26 / {root}/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"
    )
    return made


def v1(root: Path, files: Mapping[str, str], path: str, mounted: str = "/") -> Path:
    """The same with v1 hierarchies, of which `mounted` is shown; systemd's own v2 one is beside them."""
    made = proc.make_proc(root / "proc")
    for name, text in files.items():
        proc.write(root / "cgroup", name, text + "\n")
    proc.write(made, "self/cgroup", f"4:memory:{path}\n2:cpu,cpuacct:{path}\n1:name=systemd:/x\n0::/\n")
    proc.write(
        made,
        "self/mountinfo",
        f"35 31 0:32 {mounted} {root}/cgroup/memory rw - cgroup cgroup rw,memory\n"
        f"32 31 0:29 {mounted} {root}/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        f"41 31 0:38 / {root}/cgroup/unified rw - cgroup2 cgroup2 rw\n",
    )
    return made


def memory(limit: int | str, usage: int, inactive_file: int = 0, name: str = "memory.max") -> dict[str, str]:
    return {
        name: str(limit),
        "memory.current": str(usage),
        "memory.stat": f"anon 1\nfile 2\ninactive_file {inactive_file}\nactive_file 3",
    }


def below(folder: str, files: Mapping[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


def test_the_tightest_limit_on_the_way_up_counts(tmp_path: Path) -> None:
    """A service without a limit is bound by its slice; the root group has no limit file at all."""
    files = below("system.slice/worker.service", memory("max", GIB)) | below("system.slice", memory(2 * GIB, GIB))
    limit = cgroup.memory_limit(cgroup.own_groups("memory", v2(tmp_path, files)))
    assert limit is not None
    assert (limit.limit_bytes, limit.room_bytes) == (2 * GIB, GIB)
    assert limit.file == tmp_path / "cgroup/system.slice/memory.max"


def test_a_larger_limit_with_less_room_is_the_tighter_one(tmp_path: Path) -> None:
    """A slice that its neighbours have filled leaves less than the service's own limit would."""
    files = below("a/b", memory(GIB, GIB // 4)) | below("a", memory(4 * GIB, 4 * GIB - 4096))
    limit = cgroup.memory_limit(cgroup.own_groups("memory", v2(tmp_path, files, path="/a/b")))
    assert limit is not None
    assert (limit.limit_bytes, limit.room_bytes) == (4 * GIB, 4096)


def test_memory_high_is_a_limit_too(tmp_path: Path) -> None:
    """Beyond memory.high a group is throttled, long before memory.max."""
    files = below("a", memory(4 * GIB, GIB) | {"memory.high": str(2 * GIB)})
    limit = cgroup.memory_limit(cgroup.own_groups("memory", v2(tmp_path, files, path="/a")))
    assert limit is not None
    assert limit.file.name == "memory.high"
    assert limit.room_bytes == GIB


def test_cached_file_pages_leave_room(tmp_path: Path) -> None:
    """A group that is full of file pages not lately used can still have their memory."""
    limit = cgroup.memory_limit(cgroup.own_groups("memory", v2(tmp_path, below("a", memory(GIB, GIB, GIB // 2)), "/a")))
    assert limit is not None
    assert limit.room_bytes == GIB // 2


@pytest.mark.parametrize(
    ("path", "mounted", "folder"),
    [
        ("/docker/abc", "/", "memory/docker/abc"),
        ("/docker/abc", "/docker/abc", "memory"),  # a container sees its own part of the hierarchy only
        ("/", "/", "memory"),
        ("/../other", "/", "memory"),  # a group outside of what the namespace shows
        ("/docker/other", "/docker/abc", "memory"),
    ],
)
def test_v1_limits_are_found_from_inside_and_outside(tmp_path: Path, path: str, mounted: str, folder: str) -> None:
    """The path in /proc/self/cgroup counts from the part of the hierarchy that is mounted."""
    files = {
        "memory/memory.limit_in_bytes": str(V1_UNLIMITED),
        f"{folder}/memory.limit_in_bytes": str(GIB),
        f"{folder}/memory.usage_in_bytes": str(GIB // 2),
        f"{folder}/memory.stat": f"inactive_file 0\ntotal_inactive_file {GIB // 4}",
    }
    limit = cgroup.memory_limit(cgroup.own_groups("memory", v1(tmp_path, files, path, mounted)))
    assert limit is not None
    assert limit.file == tmp_path / "cgroup" / folder / "memory.limit_in_bytes"
    assert limit.room_bytes == GIB - GIB // 4


def test_the_huge_number_of_v1_is_no_limit(tmp_path: Path) -> None:
    """Every v1 group has a limit file; most say the largest number there is."""
    files = {"memory/memory.limit_in_bytes": str(V1_UNLIMITED), "memory/memory.usage_in_bytes": "1"}
    assert cgroup.memory_limit(cgroup.own_groups("memory", v1(tmp_path, files, "/"))) is None


def test_a_host_without_groups_has_no_limit(tmp_path: Path) -> None:
    """Neither a /proc without them nor one that cannot be read limits anything."""
    assert cgroup.memory_limit(cgroup.own_groups("memory", proc.make_proc(tmp_path))) is None
    assert cgroup.memory_limit(cgroup.own_groups("memory", tmp_path / "nowhere")) is None


def test_the_smallest_cpu_quota_counts(tmp_path: Path) -> None:
    """Of 1.5 cores for the service and 4 for its slice, 1.5 are left; `max` is no quota."""
    files = {"a/b/cpu.max": "150000 100000", "a/cpu.max": "400000 100000", "cpu.max": "max 100000"}
    quota = cgroup.cpu_quota(cgroup.own_groups("cpu", v2(tmp_path, files, "/a/b")))
    assert quota == cgroup.CpuQuota(cores=1.5, file=tmp_path / "cgroup/a/b/cpu.max")


def test_a_v1_quota_is_two_files(tmp_path: Path) -> None:
    """-1 means none; controllers that share a hierarchy are found by either name."""
    files = {
        "cpu/x/cpu.cfs_quota_us": "50000",
        "cpu/x/cpu.cfs_period_us": "100000",
        "cpu/cpu.cfs_quota_us": "-1",
        "cpu/cpu.cfs_period_us": "100000",
    }
    quota = cgroup.cpu_quota(cgroup.own_groups("cpu", v1(tmp_path, files, "/x")))
    assert quota is not None
    assert quota.cores == 0.5


@pytest.mark.parametrize(
    ("filesystems", "version"),
    [(["ext4"], "none"), (["cgroup"], "v1"), (["cgroup2"], "v2"), (["cgroup", "cgroup2", "ext4"], "hybrid")],
)
def test_the_version_is_what_is_mounted(filesystems: list[str], version: str) -> None:
    """Hybrid means that controllers may be in either."""
    text = "".join(f"1 1 0:1 / /m{number} rw - {name} x rw\n" for number, name in enumerate(filesystems))
    assert cgroup.version(mountinfo.parse(text.encode())) == version


@given(limit=counters, usage=counters, inactive=counters)
def test_room_is_between_nothing_and_the_limit(limit: int, usage: int, inactive: int) -> None:
    """However the counters of a moving group contradict one another."""
    assert 0 <= cgroup.room(limit, usage, inactive) <= limit
