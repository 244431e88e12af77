"""Mounts are read from /proc/self/mountinfo whatever their names are."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.host import mountinfo
from optimizer.host.mountinfo import Mount
from tests.strategies import mounts


def escape(name: bytes) -> bytes:
    r"""As the kernel writes a name: \040 for a space, and so on."""
    return b"".join(b"\\%03o" % byte if byte in b" \t\n\\" else bytes([byte]) for byte in name)


def line(mount: Mount, *optional: bytes) -> bytes:
    before = [b"36 35 %d:%d" % (mount.major, mount.minor), escape(mount.root), escape(mount.point), b"rw", *optional]
    after = [mount.filesystem.encode(), b"source", ",".join(mount.super_options).encode()]
    return b" ".join(before) + b" - " + b" ".join(after) + b"\n"


def test_a_real_line_is_read() -> None:
    """The line of an ext4 filesystem on a virtual disk."""
    text = b"27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard,resuid=65534\n"
    assert mountinfo.parse(text) == (
        Mount(
            major=254,
            minor=0,
            root=b"/",
            point=b"/",
            filesystem="ext4",
            super_options=("rw", "discard", "resuid=65534"),
        ),
    )


@given(st.lists(mounts()), st.sampled_from([(), (b"shared:1",), (b"shared:1", b"master:7")]))
def test_every_mount_is_read_back(found: list[Mount], optional: tuple[bytes, ...]) -> None:
    """Spaces, newlines and backslashes in names, and any number of optional fields."""
    assert mountinfo.parse(b"".join(line(mount, *optional) for mount in found)) == tuple(found)


@given(st.binary())
def test_no_text_breaks_it(text: bytes) -> None:
    """Lines of another form are left out."""
    assert mountinfo.parse(b"not a mount\n" + text.replace(b" - ", b"")) == ()
