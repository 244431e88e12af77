"""A small /proc in a folder, with text as the kernel writes it."""

from pathlib import Path

MEMINFO = """\
MemTotal:       16384000 kB
MemFree:          512000 kB
MemAvailable:    8192000 kB
Buffers:          102400 kB
Cached:          6144000 kB
SwapCached:            0 kB
Active(anon):    2048000 kB
SwapTotal:       2048000 kB
SwapFree:        1536000 kB
HugePages_Total:       0
Hugepagesize:       2048 kB
"""

STAT = """\
cpu  1000 20 300 8000 100 5 10 15 40 0
cpu0 600 10 200 4000 50 3 6 10 20 0
cpu1 400 10 100 4000 50 2 4 5 20 0
intr 165714 0 0 0
ctxt 301486
btime 1763500000
"""

STATUS = """\
Name:\tpython (odd) \\n
Umask:\t0022
State:\tS (sleeping)
Pid:\t4242
Uid:\t1000\t1001\t1002\t1003
Gid:\t1000\t1000\t1000\t1000
VmRSS:\t   28000 kB
CapInh:\t0000000000000000
CapPrm:\t00000000a80425fb
CapEff:\t00000000a80425fb
CapBnd:\t00000000a80425fb
NoNewPrivs:\t1
Seccomp:\t2
"""

PRESSURE = """\
some avg10=1.25 avg60=0.50 avg300=0.10 total=4185110
full avg10=0.75 avg60=0.25 avg300=0.05 total=1185110
"""

MOUNTINFO = """\
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
22 27 0:21 / /proc rw,relatime - proc proc rw
"""


def process_stat(
    pid: int, name: bytes = b"worker", cpu_ticks: tuple[int, int] = (30, 12), start_ticks: int = 89078, rss: int = 416
) -> bytes:
    """A line of /proc/PID/stat, with all of its 52 fields."""
    user, system = cpu_ticks
    before = b"R 1 1 1 0 -1 4194304 102 0 0 0 %d %d 0 0 20 0 1 0" % (user, system)
    return b"%d (%b) %b %d 3133440 %d 184467 " % (pid, name, before, start_ticks, rss) + b"0 " * 26 + b"0\n"


def smaps_rollup(rss_kib: int, pss_kib: int) -> str:
    return f"""\
558bd62d7000-7ffd9b4af000 ---p 00000000 00:00 0                          [rollup]
Rss:            {rss_kib:8} kB
Pss:            {pss_kib:8} kB
Pss_Dirty:           112 kB
Swap:                  0 kB
"""


def write(root: Path, name: str, text: str | bytes) -> Path:
    """A file below `root`, with the folders that it needs."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def make_proc(root: Path) -> Path:
    """A host without control groups and processes, apart from this one."""
    files: dict[str, str | bytes] = {
        "meminfo": MEMINFO,
        "stat": STAT,
        "self/status": STATUS,
        "self/stat": process_stat(4242),
        "self/cgroup": "0::/\n",
        "self/mountinfo": MOUNTINFO,
        "pressure/cpu": PRESSURE,
        "pressure/memory": PRESSURE,
        "pressure/io": PRESSURE,
    }
    for name, text in files.items():
        write(root, name, text)
    return root
