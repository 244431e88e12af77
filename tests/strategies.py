"""Hypothesis strategies that several property tests share."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from optimizer.host.mountinfo import Mount
from optimizer.host.procfs import CpuTimes
from optimizer.jobs import Job
from optimizer.kinds import KINDS
from optimizer.plans import Action, Plan

#: What a kernel counter may hold.
counters = st.integers(min_value=0, max_value=2**63 - 1)

#: The name of a process: whatever bytes it chose, up to 15 of them and no NUL.
process_names = st.binary(max_size=15).map(lambda name: name.replace(b"\0", b""))

#: Any JSON value, as options, progress and results may hold it.
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(max_size=10), json_values, max_size=5)

#: What a host may be called.
host_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)

#: A moment as the store keeps it: to the millisecond.
moments = st.integers(0, 4_102_444_800_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))

#: A job of any kind, with whatever options: their meaning is checked elsewhere.
jobs = st.builds(
    Job,
    optimization_id=st.uuids().map(str),
    kind=st.sampled_from(sorted(KINDS)),
    host=host_names,
    options=json_objects,
    parent_id=st.none() | st.uuids().map(str),
    request_id=st.none() | st.uuids().map(str),
    created_at=moments,
    due_at=st.none() | moments,
)

actions = st.builds(
    Action,
    number=st.integers(0, 10**6),
    type=st.sampled_from(["trim_heap", "quarantine"]),
    target=json_objects,
    relied_on=json_objects,
    reversible=st.booleans(),
    claimed_bytes=st.integers(0, 2**50),
    reason=st.text(max_size=40),
)
plans = st.builds(
    Plan, actions=st.lists(actions, max_size=4).map(tuple), notes=st.lists(st.text(max_size=20)).map(tuple)
)

cpu_times = st.builds(CpuTimes, *[st.integers(0, 2**40)] * len(CpuTimes._fields))


def mounts() -> st.SearchStrategy[Mount]:
    """A mount with any name that a path can have."""
    paths = st.binary(max_size=12).map(lambda name: b"/" + name.replace(b"\0", b""))
    return st.builds(
        Mount,
        major=st.integers(0, 4095),
        minor=st.integers(0, 1 << 20),
        root=paths,
        point=paths,
        filesystem=st.sampled_from(["ext4", "proc", "tmpfs", "btrfs", "squashfs", "overlay"]),
        super_options=st.sampled_from([("rw",), ("ro", "memory"), ("rw", "cpu", "cpuacct")]),
    )


#: A path as the kernel takes it: any bytes but NUL, odd ones among them.
paths = st.one_of(st.text(max_size=20).map(lambda name: name.encode("utf-8", "ignore")), st.binary(max_size=20)).map(
    lambda name: name.replace(b"\0", b"")
)

#: The name of a file in a folder.
file_names = st.binary(min_size=1, max_size=60).filter(
    lambda name: not set(name) & {0, ord("/")} and name not in (b".", b"..")
)
