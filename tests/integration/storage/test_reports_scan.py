"""What other tools were reported for while they scan, tried on this one; see docs/reports.md."""

import os
import subprocess
import sys
from pathlib import Path

from optimizer.host.meter import NoProgress
from optimizer.storage.duplicates.report import DuplicateReport
from optimizer.storage.duplicates.search import search
from optimizer.storage.usage import measure_usage
from tests.conftest import missing
from tests.trees import make, opened, unprivileged

MIB = 1 << 20
HRO = (sys.executable, "-m", "optimizer.cli.main")


def searched(path: Path, *, digests: bool = True) -> DuplicateReport:
    with opened(path) as tree:
        return search([tree], NoProgress(), digests=digests)


def names(report: DuplicateReport) -> list[list[str]]:
    return [[os.fsdecode(name.facts.path).rpartition("/")[2] for name in group.names] for group in report.groups]


def test_fclones_139_a_file_with_many_names_is_read_once(tmp_path: Path) -> None:
    """But for its beginning, which tells where it belongs."""
    make(tmp_path, {"a": os.urandom(8 * MIB)})
    for number in range(19):
        (tmp_path / f"a{number:02}").hardlink_to(tmp_path / "a")
    (tmp_path / "b").write_bytes((tmp_path / "a").read_bytes())
    report = searched(tmp_path)
    assert len(report.groups[0].names) == 21
    assert report.bytes_read < 2 * 8 * MIB + 21 * 16_384 + 2 * 8192 + 1


def test_rmlint_631_a_folder_that_is_closed_ends_nothing(tmp_path: Path) -> None:
    """What is in it is an error of the answer, and the rest is found."""
    make(tmp_path, {"closed/a": b"same", "open/b": b"same", "open/c": b"same"})
    tmp_path.chmod(0o755)
    (tmp_path / "closed").chmod(0o600)  # its names can be read, what they stand for cannot
    with opened(tmp_path) as tree, unprivileged():
        report = search([tree], NoProgress())
    assert names(report) == [["b", "c"]]
    assert report.log.error_count >= 1
    assert report.log.errors[0]["error"] == "Permission denied"


def test_rmlint_95_649_an_owner_that_nobody_knows_hides_no_file(tmp_path: Path) -> None:
    """As on a disk of another host. Whose a file is matters when it is changed, not when it is looked at."""
    make(tmp_path, {"a": b"same", "b": b"same"})
    try:
        os.chown(tmp_path / "a", 3_999_999_999, 3_999_999_999)
    except PermissionError:
        missing("the right to give a file to somebody else")
    with opened(tmp_path) as tree:
        usage = measure_usage([tree], NoProgress(), now=0)
    assert names(searched(tmp_path)) == [["a", "b"]]
    assert usage.by_owner[3_999_999_999][0] == 1


def peak_kilobytes(path: Path) -> int:
    """Of the process that needs most."""
    process = subprocess.Popen([*HRO, "dupes", "--json", path], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    return used.ru_maxrss


def test_rmlint_109_309_memory_does_not_grow_with_every_file(tmp_path: Path) -> None:
    """A file costs a few hundred bytes at most while it is searched; its names and digest go to a file."""
    make(tmp_path, {f"few/{number}": b"%d" % number for number in range(100)})
    make(tmp_path, {f"many/{number % 100}/{number}": b"%d" % (number // 2) for number in range(30_000)})
    few, many = peak_kilobytes(tmp_path / "few"), peak_kilobytes(tmp_path / "many")
    assert (many - few) * 1024 / 30_000 < 500


def test_oans_87_152_holes_are_not_read_and_ends_are(tmp_path: Path) -> None:
    """64 GiB of nothing, with a few bytes at an end that no block ends at; those that differ there are no copies."""
    size = (64 << 30) + 4097 + 13
    for name, end in {"a": b"end", "b": b"end", "c": b"END"}.items():
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
            file.seek(size - len(end))
            file.write(end)
    report = searched(tmp_path, digests=False)
    assert names(report) == [["a", "b"]]
    assert report.bytes_read < MIB


def test_oans_152_data_between_holes_is_compared(tmp_path: Path) -> None:
    """Wherever it begins and ends; the digest is that of the whole content, zeros too."""
    for name, middle in {"a": b"middle", "b": b"middle", "c": b"MIDDLE"}.items():
        with (tmp_path / name).open("wb") as file:
            file.truncate(40 * MIB + 77)
            file.seek(20 * MIB + 33)
            file.write(middle)
    (group,) = searched(tmp_path).groups
    said = subprocess.run(["sha256sum", tmp_path / "a"], capture_output=True, text=True, check=True).stdout
    assert [os.path.basename(name.facts.path) for name in group.names] == [b"a", b"b"]  # noqa: PTH119 - bytes
    assert group.digest.hex() == said.split()[0]
