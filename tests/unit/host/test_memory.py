"""What a process can really get: the host's memory, or less in a group with a limit."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from optimizer.host import memory
from optimizer.host.cgroup import MemoryLimit
from tests.fakes import proc


def make(total: int, available: int, limit: MemoryLimit | None = None) -> memory.Memory:
    return memory.Memory(
        host_total_bytes=total, host_available_bytes=available, swap_total_bytes=0, swap_free_bytes=0, limit=limit
    )


def limited(limit: int, room: int) -> MemoryLimit:
    return MemoryLimit(limit_bytes=limit, usage_bytes=0, room_bytes=room, file=Path("/x/memory.max"))


def test_the_host_is_what_there_is_without_a_limit(tmp_path: Path) -> None:
    """MemAvailable is taken, not MemFree; swap is told apart."""
    ram = memory.read(proc.make_proc(tmp_path))
    assert ram.total_bytes == 16384000 * 1024
    assert ram.available_bytes == 8192000 * 1024
    assert ram.used_percent == 50.0
    assert ram.swap_used_bytes == 512000 * 1024


def test_a_kernel_without_memavailable_is_not_overrated(tmp_path: Path) -> None:
    """Free memory is less than what is available, never more."""
    proc.write(proc.make_proc(tmp_path), "meminfo", "MemTotal: 100 kB\nMemFree: 10 kB\n")
    assert memory.read(tmp_path).available_bytes == 10 * 1024


def test_a_limit_is_what_there_is_inside_of_it() -> None:
    """A container of 1000 bytes with room for 250 is used to 75 percent, however empty the host."""
    ram = make(total=10_000, available=9_000, limit=limited(1000, 250))
    assert (ram.total_bytes, ram.available_bytes, ram.used_percent) == (1000, 250, 75.0)


def test_a_limit_above_the_host_promises_nothing() -> None:
    """Room in a group is worth no more than what the host has."""
    ram = make(total=1000, available=100, limit=limited(5000, 4000))
    assert (ram.total_bytes, ram.available_bytes) == (1000, 100)


@given(st.data())
def test_the_percentage_is_one(data: st.DataObject) -> None:
    """Used memory is between 0 and 100 percent for every host and limit."""
    total = data.draw(st.integers(1, 2**50))
    limit = data.draw(st.integers(0, 2**50))
    ram = make(total, data.draw(st.integers(0, total)), limited(limit, data.draw(st.integers(0, limit))))
    assert 0 <= ram.used_percent <= 100
