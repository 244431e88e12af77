"""The copies below a folder, with all that a plan to replace them needs to know of each."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence

from optimizer.errors import HroError
from optimizer.host.dedupe import can_share
from optimizer.host.fiemap import shared_bytes
from optimizer.host.files import ScanRoots
from optimizer.host.tree import ScanLog, Tree
from optimizer.host.walk import BLOCK
from optimizer.options import DuplicatesOptions
from optimizer.ports import Clock, FileKey, HashCache, Progress
from optimizer.storage.duplicates.find import find_duplicates
from optimizer.storage.duplicates.plan import Copy, Seen
from optimizer.storage.duplicates.report import Group
from optimizer.storage.keep import Keep


def look(
    roots: ScanRoots, keep: Keep, cache: HashCache, clock: Clock, options: DuplicatesOptions, progress: Progress
) -> Seen:
    """Raises PathForbiddenError, PathNotFoundError, CancelledError."""
    folder = options.path.encode()
    root = roots.root_of(folder)
    with Tree.open(folder, roots) as tree:
        report = find_duplicates([tree], cache, progress, clock)
    log = report.log
    found = (tuple(_copies(roots, root, group, log)) for group in report.groups if group.size >= options.min_size_bytes)
    groups = tuple(group for group in found if len(group) > 1)
    notes = (f"{log.error_count} names could not be looked at.",) if log.error_count else ()
    shares = _can_share(roots, groups) if options.action == "reflink" else None
    return Seen(groups=groups, can_share=shares, keep=keep, notes=notes)


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
        status = os.fstat(descriptor)
        return Copy(
            root=root,
            paths=paths,
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            allocated=status.st_blocks * BLOCK,
            shared=min(shared_bytes(descriptor), status.st_blocks * BLOCK),
            links=status.st_nlink,
            uid=status.st_uid,
            gid=status.st_gid,
            mode=status.st_mode,
            attributes=_digest_of_attributes(descriptor),
            mtime_ns=status.st_mtime_ns,
            ctime_ns=status.st_ctime_ns,
        )
    finally:
        os.close(descriptor)


def _digest_of_attributes(descriptor: int) -> str:
    try:
        found = [(name, os.getxattr(descriptor, name)) for name in sorted(os.listxattr(descriptor))]
    except OSError:  # the filesystem has none
        found = []
    return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""


def _can_share(roots: ScanRoots, groups: Sequence[Sequence[Copy]]) -> bool | None:
    """Asked of the first two copies that can be opened; None where there are none."""
    for first, second, *_ in groups:
        descriptors: list[int] = []
        try:
            descriptors.append(roots.open(first.paths[0]))
            descriptors.append(roots.open(second.paths[0]))
            return can_share(*descriptors)
        except (HroError, OSError):
            continue
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
    return None
