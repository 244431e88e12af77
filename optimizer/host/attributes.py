"""What belongs to a file beside its content: owner, mode, extended attributes, ACLs and times."""

import base64
import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from optimizer.values import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """Of a regular file. POSIX ACLs, file capabilities and labels are among its extended attributes; see xattr(7).

    Not among them, as no program can put it on a file: when that was born, and when its inode last changed.
    """

    uid: int
    gid: int
    mode: int  #: permissions, with set-user-ID, set-group-ID and sticky bit
    atime_ns: int
    mtime_ns: int
    xattrs: Mapping[str, bytes]

    def to_json(self) -> JsonObject:
        """With the values of extended attributes, which are any bytes, in base64."""
        xattrs = {name: base64.b64encode(value).decode("ascii") for name, value in self.xattrs.items()}
        return {
            "uid": self.uid,
            "gid": self.gid,
            "mode": self.mode,
            "atime_ns": self.atime_ns,
            "mtime_ns": self.mtime_ns,
            "xattrs": xattrs,
        }

    @classmethod
    def from_json(cls, known: JsonObject) -> Self:
        xattrs = {name: base64.b64decode(value) for name, value in known["xattrs"].items()}
        return cls(**{**known, "xattrs": xattrs})


def attributes_of(descriptor: int) -> Attributes:
    """Of an open file. Raises OSError."""
    status = os.fstat(descriptor)
    return Attributes(
        uid=status.st_uid,
        gid=status.st_gid,
        mode=stat.S_IMODE(status.st_mode),
        atime_ns=status.st_atime_ns,
        mtime_ns=status.st_mtime_ns,
        xattrs=_xattrs(descriptor),
    )


def put_attributes(descriptor: int, wanted: Attributes) -> None:
    """Give an open file all of these and no others. Raises OSError where one of them cannot be given.

    In the one order that works: another owner takes away capabilities and set-user-ID, an ACL changes the mode, and
    everything changes times.
    """
    os.fchown(descriptor, wanted.uid, wanted.gid)
    present = _xattrs(descriptor)
    for name in present.keys() - wanted.xattrs.keys():  # such as an ACL that the folder gives to whatever is made in it
        os.removexattr(descriptor, name)
    for name, value in wanted.xattrs.items():
        if present.get(name) != value:  # a label that is right already may need a right to be set again
            os.setxattr(descriptor, name, value)
    os.fchmod(descriptor, wanted.mode)
    os.utime(descriptor, ns=(wanted.atime_ns, wanted.mtime_ns))


def _xattrs(descriptor: int) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(descriptor, name) for name in os.listxattr(descriptor)}
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return {}
        raise
