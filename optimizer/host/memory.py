"""How much memory this process can really get: the host's, or that of the tightest control group."""

from dataclasses import dataclass
from pathlib import Path

from optimizer.host import cgroup
from optimizer.host.cgroup import MemoryLimit
from optimizer.host.procfs import PROC, read_sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    host_total_bytes: int
    host_available_bytes: int  #: MemAvailable, the kernel's own estimate; free memory alone says little
    swap_total_bytes: int
    swap_free_bytes: int
    limit: MemoryLimit | None

    @property
    def total_bytes(self) -> int:
        return min(self.host_total_bytes, self.limit.limit_bytes) if self.limit else self.host_total_bytes

    @property
    def available_bytes(self) -> int:
        return min(self.host_available_bytes, self.limit.room_bytes) if self.limit else self.host_available_bytes

    @property
    def used_percent(self) -> float:
        """The part that is not available, of the total."""
        return percent(self.total_bytes - self.available_bytes, self.total_bytes)

    @property
    def swap_used_bytes(self) -> int:
        return self.swap_total_bytes - self.swap_free_bytes


def percent(part: float, whole: float) -> float:
    """`part` of `whole` with two decimals; 0 of nothing is 0."""
    return round(100 * part / whole, 2) if whole else 0.0


def read(proc_root: Path = PROC) -> Memory:
    """Raises OSError where there is no /proc."""
    sizes = read_sizes("meminfo", proc_root)
    return Memory(
        host_total_bytes=sizes["MemTotal"],
        # Kernels before 3.14 lack MemAvailable; free memory never says too much
        host_available_bytes=sizes.get("MemAvailable", sizes["MemFree"]),
        swap_total_bytes=sizes.get("SwapTotal", 0),
        swap_free_bytes=sizes.get("SwapFree", 0),
        limit=cgroup.memory_limit(cgroup.own_groups("memory", proc_root)),
    )
