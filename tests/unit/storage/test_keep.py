"""What is never taken."""

import pytest

from optimizer.storage.keep import Keep


@pytest.mark.parametrize(
    "path",
    [
        b"/tmp/.X0.lock",
        b"/tmp/app.pid",
        b"/tmp/cache.SQLITE",
        b"/tmp/x.db-wal",
        b"/tmp/r/.git/HEAD",
        b"/tmp/.X11-unix/X0",
        b"/srv/disk.qcow2",
    ],
)
def test_what_a_program_may_rely_on_is_kept(path: bytes) -> None:
    """However old it is."""
    assert Keep().reason(path)


@pytest.mark.parametrize("path", [b"/tmp/a", b"/tmp/git/HEAD", b"/tmp/lock", b"/tmp/a.lock/x", b"/tmp/\xff"])
def test_an_ordinary_name_speaks_for_nothing(path: bytes) -> None:
    """Only the ending of a name counts, and whole names of folders."""
    assert Keep().reason(path) is None


def test_a_glob_names_a_whole_path() -> None:
    """A star stands for slashes too; the reason names the glob."""
    keep = Keep(("/srv/*/keep*",))
    assert keep.reason(b"/srv/a/b/keep.txt") == "it is named by /srv/*/keep*"
    assert keep.reason(b"/srv/keep.txt") is None
    assert keep.reason(b"/data/srv/a/keep") is None
