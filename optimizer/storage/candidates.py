"""The regular files below a folder, as a plan needs to know them."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing

from optimizer.host.files import ScanRoots
from optimizer.host.tree import ScanLog, Tree
from optimizer.host.walk import BLOCK, walk
from optimizer.ports import Progress
from optimizer.storage.candidate import Candidate


def candidates(roots: ScanRoots, folder: bytes, log: ScanLog, progress: Progress) -> Iterator[Candidate]:
    """Every regular file below `folder`, which lies inside one of `roots`.

    What cannot be read is in `log`. Raises PathForbiddenError, PathNotFoundError, CancelledError.
    """
    root = roots.root_of(folder)
    with Tree.open(folder, roots) as tree, closing(walk(tree, log, progress)) as folders:
        for met, entries in folders:
            for name, status in entries:
                if stat.S_ISREG(status.st_mode):
                    yield candidate_of(root, met.path_of(name), status)


def candidate_of(root: bytes, path: bytes, status: os.stat_result) -> Candidate:
    return Candidate(
        root=root,
        path=path,
        device=status.st_dev,
        inode=status.st_ino,
        size=status.st_size,
        allocated=status.st_blocks * BLOCK,
        links=status.st_nlink,
        uid=status.st_uid,
        atime_ns=status.st_atime_ns,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
    )
