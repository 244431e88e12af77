"""What lies in folders of temporary files, by what ages together."""

import os
import posixpath
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from optimizer.errors import HroError
from optimizer.host.files import ScanRoots
from optimizer.host.statx import birth_ns
from optimizer.host.tmpfiles_d import TMPFILES_D, read_tmpfiles_d
from optimizer.host.tree import ScanLog, Tree
from optimizer.host.walk import walk
from optimizer.options import TempOptions
from optimizer.ports import Clock, Progress
from optimizer.storage.candidate import Candidate
from optimizer.storage.candidates import candidate_of
from optimizer.storage.keep import Keep
from optimizer.storage.temp.plan import Seen, Unit
from optimizer.storage.temp.tmpfiles_d import parse

#: Where programs put what they do not mean to keep, by the Filesystem Hierarchy Standard; read only inside HRO_ROOTS
_TEMPORARY = (b"/tmp", b"/var/tmp")


@dataclass(slots=True)
class _Gathered:
    """One unit while the walk goes through it."""

    files: list[Candidate] = field(default_factory=list)
    sockets: int = 0


def look(
    roots: ScanRoots,
    keep: Keep,
    clock: Clock,
    options: TempOptions,
    progress: Progress,
    tmpfiles_d: Sequence[Path] = TMPFILES_D,
) -> Seen:
    """`tmpfiles_d` are the folders of systemd-tmpfiles, the first one first.

    Raises PathForbiddenError, PathNotFoundError, CancelledError.
    """
    folders = [options.path.encode()] if options.path else _temporary_folders(roots)
    now_ns = int(clock.now().timestamp() * 10**9)
    try:
        tmpfiles = parse(read_tmpfiles_d(tmpfiles_d), folders)
    except OSError as error:
        note = f"{error.filename} cannot be read, so nobody knows which files others need, and all stay."
        return Seen(units=(), now_ns=now_ns, keep=keep, notes=(note,))
    log, units = ScanLog(), []
    for folder in folders:
        units += [_unit(roots, gathered, log) for gathered in _gathered(roots, folder, log, progress)]
    notes = [] if folders else ["Neither /tmp nor /var/tmp is inside HRO_ROOTS, and no path was given."]
    if log.error_count:
        notes.append(f"{log.error_count} names could not be looked at.")
    return Seen(units=tuple(units), now_ns=now_ns, keep=keep, tmpfiles=tmpfiles, notes=tuple(notes))


def _temporary_folders(roots: ScanRoots) -> list[bytes]:
    return [folder for folder in _TEMPORARY if roots.holds(folder) and os.path.isdir(folder)]  # noqa: PTH112 - bytes


def _gathered(roots: ScanRoots, folder: bytes, log: ScanLog, progress: Progress) -> Iterable[_Gathered]:
    root, found = roots.root_of(folder), defaultdict[bytes, _Gathered](_Gathered)
    with Tree.open(folder, roots) as tree, closing(walk(tree, log, progress)) as folders:
        for met, entries in folders:
            for name, status in entries:
                unit = found[met.relative.partition(b"/")[0] or name]
                if stat.S_ISREG(status.st_mode):
                    unit.files.append(candidate_of(root, met.path_of(name), status))
                elif stat.S_ISSOCK(status.st_mode) or stat.S_ISFIFO(status.st_mode):
                    unit.sockets += 1
    return found.values()


def _unit(roots: ScanRoots, gathered: _Gathered, log: ScanLog) -> Unit:
    used = max((file.newest_ns for file in gathered.files), default=0)
    return Unit(
        files=tuple(gathered.files),
        newest_ns=max(used, *_births(roots, gathered.files, log), 0),
        sockets=gathered.sockets,
    )


def _births(roots: ScanRoots, files: Iterable[Candidate], log: ScanLog) -> Iterator[int]:
    """When each file was born. A file that was copied here with its old times has no other time that is new."""
    for folder, inside in groupby(files, key=lambda file: posixpath.dirname(file.path)):
        try:
            folder_fd = roots.open(folder)
        except HroError as error:
            log.record(folder, error.message)
            continue
        try:
            yield from _births_in(folder_fd, inside, log)
        finally:
            os.close(folder_fd)


def _births_in(folder_fd: int, files: Iterable[Candidate], log: ScanLog) -> Iterator[int]:
    for file in files:
        try:
            yield birth_ns(folder_fd, posixpath.basename(file.path)) or 0
        except OSError as error:
            log.record(file.path, error)
