"""A regular file as a plan needs to know it. Pure."""

from dataclasses import dataclass

from optimizer.paths import path_fields
from optimizer.values import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A regular file as the walk saw it."""

    root: bytes  #: the configured root that it lies in
    path: bytes
    device: int
    inode: int
    size: int
    allocated: int  #: bytes on disk
    links: int
    uid: int
    atime_ns: int
    mtime_ns: int
    ctime_ns: int

    @property
    def newest_ns(self) -> int:
        """When it was last read, written, moved or given other rights, whichever was last."""
        return max(self.atime_ns, self.mtime_ns, self.ctime_ns)

    @property
    def claimed_bytes(self) -> int:
        """What it would free to delete it, as far as its inode tells: nothing while it has another name."""
        return self.allocated if self.links == 1 else 0

    def target(self) -> JsonObject:
        """`root` and the path, as every action on a file names them."""
        return {"root": path_fields(self.root), **path_fields(self.path)}

    def relied_on(self) -> JsonObject:
        """What must still be so when the file is acted on."""
        return {
            "device": self.device,
            "inode": self.inode,
            "size": self.size,
            "mtime_ns": self.mtime_ns,
            "ctime_ns": self.ctime_ns,
        }
