"""Cold files, and how much smaller their beginnings get."""

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from optimizer.errors import HroError
from optimizer.host.beneath import READ
from optimizer.host.fiemap import shared_bytes
from optimizer.host.files import ScanRoots
from optimizer.host.tree import ScanLog
from optimizer.options import CompressOptions
from optimizer.ports import Clock, Progress
from optimizer.storage.candidate import Candidate
from optimizer.storage.candidates import candidates
from optimizer.storage.compress.codec import saved_share
from optimizer.storage.compress.content import PROGRAM, SAMPLE_BYTES, content_of
from optimizer.storage.compress.names import SUFFIXES
from optimizer.storage.compress.plan import Sampled, Seen
from optimizer.storage.compress.rules import ColdRules, Rules
from optimizer.storage.keep import Keep
from optimizer.storage.left import Left, count_left

_DAY_NS = 86_400 * 10**9


def look(roots: ScanRoots, keep: Keep, clock: Clock, options: CompressOptions, progress: Progress) -> Seen:
    """Raises PathForbiddenError, PathNotFoundError, PathUnusableError, CancelledError."""
    limit_ns = ns_before(clock, options.days_old)
    rules = ColdRules(limit_ns=limit_ns, min_size_bytes=options.min_size_bytes, keep=keep)
    sampler = Sampler(roots, options.algorithm, rules)
    sampler.take([options.path.encode()], progress)
    return sampler.seen(limit_ns)


def ns_before(clock: Clock, days: int) -> int:
    """So many days ago, in nanoseconds since 1970."""
    return int(clock.now().timestamp() * 10**9) - days * _DAY_NS


@dataclass(slots=True)
class Sampler:
    """Goes through folders, and reads the beginnings of the files that its rules mean."""

    roots: ScanRoots
    algorithm: str
    rules: Rules
    log: ScanLog = field(default_factory=ScanLog)
    _files: list[Sampled] = field(default_factory=list, init=False)
    _left: dict[str, Left] = field(default_factory=dict, init=False)

    def take(self, folders: Iterable[bytes], progress: Progress) -> None:
        """Raises PathForbiddenError, PathNotFoundError, PathUnusableError, CancelledError."""
        for folder in folders:
            meant = filter(self.rules.means, candidates(self.roots, folder, self.log, progress))
            for parent, files in groupby(meant, key=lambda file: posixpath.dirname(file.path)):
                self._sample(parent, self._wanted(files))

    def seen(self, limit_ns: int, *notes: str) -> Seen:
        unseen = [f"{self.log.error_count} names could not be looked at."] if self.log.error_count else []
        return Seen(files=tuple(self._files), left=self._left, limit_ns=limit_ns, notes=(*notes, *unseen))

    def _wanted(self, files: Iterable[Candidate]) -> Iterator[Candidate]:
        for file in files:
            why_left = self.rules.why_left(file)
            if why_left:
                self._leave(file, why_left)
            else:
                yield file

    def _leave(self, file: Candidate, why: str) -> None:
        count_left(self._left, file.path, why)

    def _sample(self, folder: bytes, files: Iterator[Candidate]) -> None:
        first = next(files, None)
        if first is None:
            return
        try:
            folder_fd = self.roots.open(folder)
        except HroError as error:
            self.log.record(folder, error.message)
            return
        try:
            for file in (first, *files):
                self._sample_file(folder_fd, file)
        finally:
            os.close(folder_fd)

    def _sample_file(self, folder_fd: int, file: Candidate) -> None:
        name = posixpath.basename(file.path)
        try:
            if os.access(name + SUFFIXES[self.algorithm], os.F_OK, dir_fd=folder_fd, follow_symlinks=False):
                self._leave(file, "its compressed name is taken")
                return
            head, why_left = _head(name, folder_fd)
        except PermissionError:
            self._leave(file, "whether it is in use cannot be known: it belongs to another user")
            return
        except OSError as error:
            self.log.record(file.path, error)
            return
        if why_left:
            self._leave(file, f"it is {why_left}")
        else:
            self._files.append(Sampled(file=file, saved_share=saved_share(head, self.algorithm)))


def _head(name: bytes, folder_fd: int) -> tuple[bytes, str | None]:
    """The first bytes of a file, and why they are not to be compressed. Raises OSError.

    Only where that leaves its access time as it is: else a plan would make each file that it looks at look used.
    """
    descriptor = os.open(name, READ | os.O_NOATIME | os.O_NOFOLLOW, dir_fd=folder_fd)
    try:
        head, mode = os.pread(descriptor, SAMPLE_BYTES, 0), os.fstat(descriptor).st_mode
        if mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
            return head, PROGRAM
        return head, content_of(head) or ("sharing its blocks with another file" if shared_bytes(descriptor) else None)
    finally:
        os.close(descriptor)
