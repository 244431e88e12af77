"""The file that digests are kept in: whose it is, what it believes, and how several processes use it."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from optimizer.hashing.digest_file import DigestFile
from optimizer.hashing.local_cache import LocalHashCache
from optimizer.ports import FileKey, KeptDigests
from tests.fakes.clock import FakeClock

KEY = FileKey(1, 2)
KEPT = KeptDigests(5.0, b"packed")


def kept(path: Path) -> KeptDigests | None:
    with closing(DigestFile.open(str(path))) as file:
        return file.get("sha256", KEY, 0.0)


def keep(path: Path, folder: FileKey = KEY) -> None:
    with closing(DigestFile.open(str(path))) as file:
        file.put_many("sha256", [(folder, KEPT)])


def test_it_is_its_owners_alone(tmp_path: Path) -> None:
    """Names of files are not in it, but digests of their contents are."""
    keep(tmp_path / "new/digests.db")
    assert ((tmp_path / "new").stat().st_mode & 0o777, (tmp_path / "new/digests.db").stat().st_mode & 0o777) == (
        0o700, 0o600,
    )  # fmt: skip


def test_a_file_of_another_layout_is_made_anew(tmp_path: Path) -> None:
    """An older or a newer product may have left it."""
    path = tmp_path / "digests.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE folders (other TEXT)")
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    assert kept(path) is None
    keep(path)
    assert kept(path) == KEPT


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_made_anew(tmp_path: Path, content: bytes) -> None:
    """Nothing was lost that cannot be read again."""
    path = tmp_path / "digests.db"
    path.write_bytes(content)
    keep(path)
    assert kept(path) == KEPT


def forked(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A program that forks: this process has threads, and what libraries do in its children."""
    imports = (
        "import os, sys, time\n"
        "from optimizer.hashing.digest_file import DigestFile\n"
        "from optimizer.ports import FileKey, KeptDigests\n"
    )
    return subprocess.run(
        [sys.executable, "-c", imports + program, *arguments], capture_output=True, text=True, check=True
    )


PUT = """
for number in range(4):
    if not os.fork():
        for inode in range(50):
            file = DigestFile.open(sys.argv[1])
            file.put_many("sha256", [(FileKey(number, inode), KeptDigests(5.0, b"packed"))])
            file.close()
        os._exit(0)
print([os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)])
"""


def test_several_processes_put_at_once(tmp_path: Path) -> None:
    """Into a file that is not there yet; none fails and nothing is missing."""
    path = tmp_path / "digests.db"
    assert forked(PUT, path).stdout == "[0, 0, 0, 0]\n"
    with closing(DigestFile.open(str(path))) as file:
        found = file.get_many("sha256", [FileKey(number, inode) for number in range(4) for inode in range(50)], 0.0)
    assert len(found) == 200


def test_a_file_that_cannot_be_used_is_logged(tmp_path: Path) -> None:
    """Once, and nothing is known; the file in its way stays what it is."""
    (tmp_path / "in the way").write_text("mine")
    cache = LocalHashCache(tmp_path / "in the way/digests.db", ttl_seconds=60, room=1000, clock=FakeClock())
    with capture_logs() as logs:
        cache.put_many("sha256", {KEY: KEPT})
        assert cache.get_many("sha256", [KEY]) == {}
    assert [line["event"] for line in logs] == ["hash cache failed"]
    assert (tmp_path / "in the way").read_text() == "mine"


OPEN = """
failed = 0
for number in range(100):
    moment = time.monotonic() + 0.003
    for _ in range(2):
        if not os.fork():
            while time.monotonic() < moment:
                pass
            DigestFile.open(f"{sys.argv[1]}/{number}.db")
            os._exit(0)
    failed += any([os.wait()[1] for _ in range(2)])
print(failed)
"""


def test_two_processes_make_it_at_once(tmp_path: Path) -> None:
    """Both have it then: a search forks before it asks. SQLite refuses one of them about once in seventy times."""
    assert forked(OPEN, tmp_path).stdout == "0\n"
