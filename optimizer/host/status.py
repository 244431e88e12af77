"""The state of the host in one small object: what GET /status shows and health judges by."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from optimizer.host import cpu, disks, memory, pressure
from optimizer.host.procfs import PROC, CpuTimes
from optimizer.ports import Clock
from optimizer.values import JsonObject

#: A kernel tick is 10 ms: over less than ten of them a percentage is more noise than news.
SHORTEST_WINDOW_SECONDS = 0.1
#: A sample older than this says what was, not what is.
LONGEST_WINDOW_SECONDS = 60.0
#: The original's `_gb` fields count in units of 2**30 bytes.
_GIB = 1 << 30


class _Sample(NamedTuple):
    at: float
    times: CpuTimes


@dataclass(frozen=True, slots=True)
class _Load:
    percent: float
    window_seconds: float


class SystemStatus:
    """Remembers the last CPU sample, so that only a first call has to wait, for a tenth of a second.

    May be shared by threads.
    """

    def __init__(self, clock: Clock, proc_root: Path = PROC) -> None:
        self._clock = clock
        self._proc_root = proc_root
        self._lock = threading.Lock()
        self._last = self._sample()
        self._load: _Load | None = None

    def read(self) -> JsonObject:
        """The original's fields, and `cpu_window_seconds`, `disks` and `pressure` beside them.

        `cpu_percent` is an average over the `cpu_window_seconds` before. `disk_percent` and `disk_free_gb`
        are those of `/`. A pressure is null where the kernel offers none.
        """
        load, ram = self._cpu_load(), memory.read(self._proc_root)
        filesystems = disks.read(self._proc_root)
        root = next((disk for disk in filesystems if disk["mountpoint"] == "/"), None)
        return {
            "cpu_percent": load.percent,
            "cpu_window_seconds": round(load.window_seconds, 3),
            "memory_percent": ram.used_percent,
            "memory_available_gb": round(ram.available_bytes / _GIB, 2),
            "disk_percent": root["percent"] if root else None,
            "disk_free_gb": round(root["free_bytes"] / _GIB, 2) if root else None,
            "disks": filesystems,
            "pressure": self._pressure(),
            "timestamp": self._clock.now().isoformat(),
        }

    def _cpu_load(self) -> _Load:
        with self._lock:
            age = self._clock.monotonic() - self._last.at
            if self._load and age < SHORTEST_WINDOW_SECONDS:
                return self._load
            if age > LONGEST_WINDOW_SECONDS:
                self._last, age = self._sample(), 0.0
            if age < SHORTEST_WINDOW_SECONDS:
                time.sleep(SHORTEST_WINDOW_SECONDS - age)
            now = self._sample()
            self._load = _Load(
                percent=cpu.busy_percent(cpu.spent(self._last.times, now.times)),
                window_seconds=now.at - self._last.at,
            )
            self._last = now
            return self._load

    def _sample(self) -> _Sample:
        return _Sample(at=self._clock.monotonic(), times=cpu.read_times(self._proc_root)["cpu"])

    def _pressure(self) -> JsonObject:
        readings = {name: pressure.read(name, self._proc_root) for name in pressure.RESOURCES}
        return {
            f"{name}_{kind}_avg10_percent": pressure.average(readings[name], kind) for name, kind in pressure.DEFINED
        }
