"""What belongs to a file beside its content, on a real filesystem."""

import json
import os
from pathlib import Path

import pytest

from optimizer.host.attributes import Attributes, attributes_of, put_attributes

#: user::rw-, user:4242:r--, group::r--, mask::r--, other::---, as the kernel keeps an ACL; see linux/posix_acl_xattr.h
ACL = bytes.fromhex("0200000001000600ffffffff020004009210000004000400ffffffff10000400ffffffff20000000ffffffff")
#: cap_net_raw=ep, as the kernel keeps it; see linux/capability.h
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")


def read(path: Path) -> Attributes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOATIME)
    try:
        return attributes_of(descriptor)
    finally:
        os.close(descriptor)


def put(path: Path, attributes: Attributes) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        put_attributes(descriptor, attributes)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("mode", [0o600, 0o4755, 0o2640, 0o444, 0])
def test_another_file_gets_all_of_them(tmp_path: Path, mode: int) -> None:
    """Also what the giving of another takes away: set-user-ID, capabilities, the group's rights under an ACL."""
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        path.touch()
    os.setxattr(other, "user.gone", b"x")
    os.setxattr(one, "user.note", b"\0\xff")
    os.setxattr(one, "system.posix_acl_access", ACL)
    if os.geteuid() == 0:
        os.chown(one, 4242, 4343)
        os.setxattr(one, "security.capability", CAPABILITY)
    one.chmod(mode)
    os.utime(one, ns=(10**18 + 1, 10**18 + 2))
    attributes = read(one)
    put(other, Attributes.from_json(json.loads(json.dumps(attributes.to_json()))))
    assert read(other) == attributes
    assert "user.note" in attributes.xattrs


def test_what_a_folder_gives_to_new_files_does_not_stay(tmp_path: Path) -> None:
    """A file without an ACL gets none from the folder that its successor is made in."""
    plain = tmp_path / "plain"
    plain.touch()
    plain.chmod(0o640)
    os.setxattr(tmp_path, "system.posix_acl_default", ACL)
    new = tmp_path / "new"
    new.touch()
    assert "system.posix_acl_access" in read(new).xattrs
    put(new, read(plain))
    assert read(new) == read(plain)
