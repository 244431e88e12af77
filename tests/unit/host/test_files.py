"""What the service may open, and what it says of the rest."""

import os
import resource
from contextlib import suppress
from pathlib import Path

import pytest

from optimizer.errors import HroError, PathForbiddenError, PathNotFoundError, PathUnusableError
from optimizer.host.files import AnyPath, Opener, ScanRoots, raise_open_file_limit
from tests.trees import make, open_descriptors, unprivileged


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make(tmp_path, {"outside/secret": b"", "rootless/file": b""})
    return make(tmp_path / "root", {"sub/file": b"content", "escape": "../outside", "to-sub": "sub"})


def content(opener: Opener, path: Path | bytes) -> bytes:
    descriptor = opener.open(os.fsencode(path))
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def test_what_is_inside_a_root_is_opened(root: Path) -> None:
    """A folder or file below a root, and the root itself."""
    roots = ScanRoots([root])
    assert content(roots, root / "sub/file") == b"content"
    descriptor = roots.open(os.fsencode(root))
    assert os.path.samestat(os.fstat(descriptor), root.stat())
    os.close(descriptor)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "/", "", "{root}/../outside/secret", "{root}/sub/../../outside/secret", "{root}less/file",
        "../../etc/passwd", "{root}/../../../../../../etc/shadow", "//etc/passwd",
    ],
)  # fmt: skip
def test_what_is_outside_is_refused(root: Path, path: str) -> None:
    """Whether it exists or not; the message names the setting to change."""
    with pytest.raises(PathForbiddenError, match="HRO_SCAN_ROOTS") as caught:
        ScanRoots([root]).open(path.format(root=root).encode())
    assert caught.value.details["setting"] == "HRO_SCAN_ROOTS"


@pytest.mark.parametrize("name", ["escape", "escape/secret", "to-sub", "to-sub/file"])
def test_no_symbolic_link_is_followed(root: Path, name: str) -> None:
    """Not even one that stays inside: what is named is what is read."""
    with pytest.raises(PathForbiddenError, match=r"symbolic link.*HRO_SCAN_ROOTS"):
        ScanRoots([root]).open(os.fsencode(root / name))


def test_a_root_may_be_a_link_itself(root: Path) -> None:
    """Who configures it decides that; below it, both its names are known."""
    link = root.parent / "link"
    link.symlink_to(root)
    roots = ScanRoots([link])
    assert content(roots, link / "sub/file") == content(roots, root / "sub/file") == b"content"


def test_a_root_that_was_swapped_for_a_link_is_refused(root: Path) -> None:
    """Its links are resolved when the service starts, not when somebody else has had the time to change them."""
    roots = ScanRoots([root])
    root.rename(root.parent / "moved")
    root.symlink_to("outside")
    with pytest.raises(PathForbiddenError):
        roots.open(os.fsencode(root / "secret"))


def test_what_is_not_there_is_not_found(root: Path) -> None:
    """Inside a root, that is no secret."""
    for path in (root / "nothing", root / "sub/file/below"):
        with pytest.raises(PathNotFoundError, match=str(path)):
            ScanRoots([root]).open(os.fsencode(path))


def test_a_root_that_is_missing_is_not_found(tmp_path: Path) -> None:
    """It may be mounted later, and is then found."""
    roots = ScanRoots([tmp_path / "later"])
    with pytest.raises(PathNotFoundError):
        roots.open(os.fsencode(tmp_path / "later/file"))
    make(tmp_path, {"later/file": b"content"})
    assert content(roots, tmp_path / "later/file") == b"content"


def test_a_fifo_is_refused_and_not_waited_for(root: Path) -> None:
    """Only folders and regular files are read: to open a device may do something already."""
    os.mkfifo(root / "fifo")
    for opener in (ScanRoots([root]), AnyPath()):
        with pytest.raises(PathUnusableError, match="neither a folder nor a regular file"):
            opener.open(os.fsencode(root / "fifo"))


def test_what_this_user_may_not_read_is_unusable(root: Path) -> None:
    """It exists, and the message says what the kernel said."""
    (root / "sub/file").chmod(0)
    roots = ScanRoots([root])
    with unprivileged(), pytest.raises(PathUnusableError, match="Permission denied"):
        roots.open(os.fsencode(root / "sub/file"))


@pytest.mark.parametrize("path", ["root/nothing", "root/fifo", "root/escape", "outside/secret", "root/sub/file"])
def test_no_descriptor_is_left_open(root: Path, path: str) -> None:
    """Whatever the answer is."""
    os.mkfifo(root / "fifo")
    before = open_descriptors()
    with suppress(HroError):
        os.close(ScanRoots([root]).open(os.fsencode(root.parent / path)))
    assert open_descriptors() == before


def test_nested_roots_are_counted_once(root: Path) -> None:
    """One root inside another, or the same under another name, adds nothing to what is scanned."""
    link = root.parent / "link"
    link.symlink_to(root)
    roots = ScanRoots([root / "sub", root, link, root.parent / "outside"])
    assert roots.distinct() == (os.fsencode(root), os.fsencode(root.parent / "outside"))


def test_the_whole_filesystem_may_be_a_root(root: Path) -> None:
    """Where HRO_SCAN_ROOTS is /, everything that is no link is inside."""
    real = root.resolve()
    assert content(ScanRoots(["/"]), real / "sub/file") == b"content"


def test_a_local_command_reads_what_its_user_may_read(root: Path) -> None:
    """Anywhere, and through links, as every command of a shell does."""
    assert content(AnyPath(), root / "to-sub/file") == b"content"
    with pytest.raises(PathNotFoundError, match="does not exist"):
        AnyPath().open(os.fsencode(root / "nothing"))


def test_the_limit_of_open_files_is_raised_as_far_as_allowed() -> None:
    """A deep tree needs a descriptor for each level."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_open_file_limit()
    raised, still = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert (raised >= soft, raised <= 65_536 or raised == soft, still) == (True, True, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
