"""The copies below a folder, with all that a plan to replace them needs to know of each."""

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing

from optimizer.errors import HroError
from optimizer.host.attributes import attributes_of
from optimizer.host.dedupe import can_share
from optimizer.host.fiemap import layout_of
from optimizer.host.files import ScanRoots
from optimizer.host.tree import ScanLog, Tree, TreeReader
from optimizer.host.walk import BLOCK, walk
from optimizer.options import DuplicatesOptions
from optimizer.ports import FileKey, HashCache, Progress
from optimizer.storage.duplicates.find import find_duplicates
from optimizer.storage.duplicates.plan import Copy, Seen
from optimizer.storage.duplicates.report import Group
from optimizer.storage.keep import Keep


def look(roots: ScanRoots, keep: Keep, cache: HashCache, options: DuplicatesOptions, progress: Progress) -> Seen:
    """Where blocks cannot be shared, that is known before anything is read.

    Raises PathForbiddenError, PathNotFoundError, CancelledError.
    """
    folder = options.path.encode()
    root = roots.root_of(folder)
    with Tree.open(folder, roots) as tree:
        if options.action == "reflink" and not _can_share(tree, progress):
            return Seen(groups=(), can_share=False)
        report = find_duplicates([tree], cache, progress)
    log = report.log
    found = (tuple(_copies(roots, root, group, log)) for group in report.groups if group.size >= options.min_size_bytes)
    groups = tuple(group for group in found if len(group) > 1)
    notes = (f"{log.error_count} names could not be looked at.",) if log.error_count else ()
    return Seen(groups=groups, keep=keep, notes=notes)


def _can_share(tree: Tree, progress: Progress) -> bool:
    """Asked of the first file that can be opened; True where there is none."""
    with closing(TreeReader()) as reader, closing(walk(tree, ScanLog(), progress)) as folders:
        for folder, entries in folders:
            for name, status in entries:
                if stat.S_ISREG(status.st_mode):
                    try:
                        with reader.opened(folder, name) as descriptor:
                            return can_share(descriptor)
                    except OSError:
                        continue
    return True


def _copies(roots: ScanRoots, root: bytes, group: Group, log: ScanLog) -> Iterator[Copy]:
    names: dict[FileKey, list[bytes]] = defaultdict(list)
    for name in group.names:
        names[name.key].append(name.facts.path)
    for paths in names.values():
        try:
            yield _copy(roots, root, tuple(sorted(paths)))
        except HroError as error:
            log.record(paths[0], error.message)
        except OSError as error:
            log.record(paths[0], error)


def _copy(roots: ScanRoots, root: bytes, paths: tuple[bytes, ...]) -> Copy:
    descriptor = roots.open(paths[0])
    try:
        status, layout = os.fstat(descriptor), layout_of(descriptor)
        xattrs = sorted(attributes_of(descriptor).xattrs.items())
        return Copy(
            root=root,
            paths=paths,
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            allocated=status.st_blocks * BLOCK,
            shared=min(layout.shared, status.st_blocks * BLOCK),
            own=layout.own,
            layout=layout.digest,
            links=status.st_nlink,
            uid=status.st_uid,
            gid=status.st_gid,
            mode=status.st_mode,
            attributes=hashlib.sha256(repr(xattrs).encode()).hexdigest(),
            mtime_ns=status.st_mtime_ns,
            ctime_ns=status.st_ctime_ns,
        )
    finally:
        os.close(descriptor)
