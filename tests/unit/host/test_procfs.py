"""The parsers of /proc on real text, odd names and anything that a format allows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.host import procfs
from optimizer.paths import readable
from tests.fakes import proc
from tests.strategies import counters, process_names


def test_a_size_is_read_in_bytes() -> None:
    """`kB` means 1024 bytes, and a line without a unit is not a size."""
    sizes = procfs.parse_sizes(proc.MEMINFO.encode())
    assert sizes["MemTotal"] == 16384000 * 1024
    assert sizes["Active(anon)"] == 2048000 * 1024
    assert "HugePages_Total" not in sizes


def test_the_sum_of_a_process_is_read_below_its_address_line() -> None:
    """smaps_rollup has an address range before its sizes."""
    sizes = procfs.parse_sizes(proc.smaps_rollup(1688, 480).encode())
    assert (sizes["Rss"], sizes["Pss"]) == (1688 * 1024, 480 * 1024)


def test_a_real_line_is_read() -> None:
    """The fields are those of proc_pid_stat(5), on a line of a Linux 6.18 host."""
    line = (
        b"4254 (cat) R 4246 4246 3024 0 -1 4194304 102 0 0 0 7 5 0 0 20 0 1 0 89078 3133440 416 "
        b"18446744073709551615 94558102208512 94558102228393 140730873365200 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 "
        b"94558102244400 94558102246016 94558945382400 140730873367267 140730873367281 140730873367281 "
        b"140730873368555 0\n"
    )
    assert procfs.parse_process_stat(line) == procfs.ProcessStat(
        pid=4254, name="cat", cpu_ticks=12, start_ticks=89078, rss_pages=416
    )


@pytest.mark.parametrize("name", [b"a) R 1 (b", b"new\nline", b"", b"  ", b"((", b"))", b"\xff\xfe", b"1 (2) 3"])
def test_an_odd_name_does_not_move_the_fields(name: bytes) -> None:
    """A process may choose a name that looks like the rest of the line."""
    stat = procfs.parse_process_stat(proc.process_stat(7, name, start_ticks=99))
    assert (stat.pid, stat.name, stat.start_ticks) == (7, readable(name), 99)


@given(pid=counters, name=process_names, user=counters, system=counters, start=counters, rss=counters)
def test_every_process_is_read_back(pid: int, name: bytes, user: int, system: int, start: int, rss: int) -> None:
    """Whatever a process is called and has used, its line says what was written in it."""
    line = proc.process_stat(pid, name, (user, system), start, rss)
    assert procfs.parse_process_stat(line) == procfs.ProcessStat(
        pid=pid, name=readable(name), cpu_ticks=user + system, start_ticks=start, rss_pages=rss
    )


@given(st.binary())
def test_what_is_not_such_a_line_is_refused(text: bytes) -> None:
    """Any other text is a ValueError and nothing else."""
    with pytest.raises(ValueError, match=r".*"):
        procfs.parse_process_stat(text)


@given(st.binary())
def test_no_text_breaks_the_other_parsers(text: bytes) -> None:
    """Lines of another form are left out of sizes."""
    assert procfs.parse_sizes(text) is not None


def test_cpu_lines_are_read_and_others_left() -> None:
    """All cores together, each one, and no guest time, which user holds already."""
    times = procfs.parse_cpu_times(proc.STAT.encode())
    assert list(times) == ["cpu", "cpu0", "cpu1"]
    assert times["cpu"] == procfs.CpuTimes(1000, 20, 300, 8000, 100, 5, 10, 15)


def test_columns_that_an_old_kernel_lacks_are_zero() -> None:
    """Linux 2.4 had no more than four."""
    assert procfs.parse_cpu_times(b"cpu 1 2 3 4\n")["cpu"] == procfs.CpuTimes(1, 2, 3, 4)


def test_processes_are_listed_in_order(tmp_path: Path) -> None:
    """Folders named by a number are processes; `self` and files such as `stat` are not."""
    for name in ("20/stat", "3/stat", "self/stat", "stat"):
        proc.write(tmp_path, name, "")
    assert list(procfs.pids(tmp_path)) == [3, 20]
