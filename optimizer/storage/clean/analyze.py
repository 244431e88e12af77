"""The folders of the catalogue's rules, as they are on this host."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from optimizer.errors import PathForbiddenError, PathNotFoundError, PathUnusableError
from optimizer.host.files import ScanRoots
from optimizer.host.people import people
from optimizer.host.tree import ScanLog
from optimizer.options import CacheOptions, LogsOptions
from optimizer.paths import readable
from optimizer.ports import Clock, Progress
from optimizer.storage.candidate import Candidate
from optimizer.storage.candidates import candidates
from optimizer.storage.clean.plan import Found, Seen
from optimizer.storage.clean.ready import why_not
from optimizer.storage.clean.rule import Catalogue, Rule
from optimizer.storage.clean.weigh import Weight, weigh

_EVERYWHERE = b"/"


def homes_of_people() -> list[bytes]:
    return [os.fsencode(account.home) for account in people()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """How this host's caches and closed logs are looked at. Each look raises InvalidRequestError, CancelledError."""

    catalogue: Catalogue
    roots: ScanRoots
    clock: Clock
    homes: Callable[[], Iterable[bytes]] = homes_of_people

    def caches(self, options: CacheOptions, progress: Progress) -> Seen:
        return self._seen(_Look(self, progress), self.catalogue.of_kind("optimize_cache", options.rules))

    def logs(self, options: LogsOptions, progress: Progress) -> Seen:
        within = options.path.encode() if options.path else _EVERYWHERE
        look = _Look(self, progress, within)
        return self._seen(look, self.catalogue.of_kind("optimize_logs"), options.days_old)

    def _seen(self, look: "_Look", rules: Iterable[Rule], days_old: int | None = None) -> Seen:
        homes = list(self.homes())
        found = [one for rule in rules for one in look.at(rule, rule.places(homes))]
        now_ns = int(self.clock.now().timestamp() * 10**9)
        keep = self.catalogue.keep
        return Seen(found=tuple(found), now_ns=now_ns, keep=keep, days_old=days_old, notes=tuple(look.notes))


class _Look:
    """One look at the folders of rules, as far as they are inside HRO_ROOTS and `within`."""

    def __init__(self, cleaning: Cleaning, progress: Progress, within: bytes = _EVERYWHERE) -> None:
        self._cleaning = cleaning
        self._progress = progress
        self._within = within
        self.notes: list[str] = []

    def at(self, rule: Rule, folders: Iterable[bytes]) -> list[Found]:
        there = [folder for folder in folders if self._is_meant(folder) and os.path.isdir(folder)]  # noqa: PTH112 - bytes
        allowed = [folder for folder in there if self._cleaning.roots.holds(folder)]
        self._note_outside(rule, [folder for folder in there if folder not in allowed])
        found = []
        for folder in allowed:
            try:
                found.append(self._found(rule, folder))
            except (PathForbiddenError, PathNotFoundError, PathUnusableError) as error:
                self.notes.append(f"{rule.name}: {error.message}.")
        return found

    def _is_meant(self, folder: bytes) -> bool:
        return _is_below(folder, self._within) or _is_below(self._within, folder)

    def _note_outside(self, rule: Rule, folders: Sequence[bytes]) -> None:
        if folders:
            more, them = (f" and {len(folders) - 1} more are", "them") if len(folders) > 1 else (" is", "it")
            outside = f"{readable(folders[0])}{more} not inside HRO_ROOTS"
            self.notes.append(f"{rule.name}: {outside}. Name {them} there to have {them} cleared.")

    def _found(self, rule: Rule, folder: bytes) -> Found:
        roots = self._cleaning.roots
        descriptor = roots.open(folder)
        try:
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        weight = self._weight(rule, folder)
        return Found(
            rule=rule,
            root=roots.root_of(folder),
            folder=folder,
            device=status.st_dev,
            inode=status.st_ino,
            uid=status.st_uid,
            files=() if rule.command else tuple(self._files(rule, folder)),
            bytes=weight.bytes,
            claimed_bytes=weight.claimed_bytes,
            why_not=weight.obstacle or (why_not(rule.command, folder, status.st_uid) if rule.command else None),
        )

    def _weight(self, rule: Rule, folder: bytes) -> Weight:
        if rule.command is None:
            return Weight()
        weight = weigh(self._cleaning.catalogue, rule, self._cleaning.roots, folder, self._progress)
        if not _is_below(folder, self._within):
            weight.obstacle = f"Its manager clears all of it, and only {readable(self._within)} was asked for."
        return weight

    def _files(self, rule: Rule, folder: bytes) -> Iterable[Candidate]:
        log, prefix = ScanLog(), folder.rstrip(b"/") + b"/"
        for file in candidates(self._cleaning.roots, folder, log, self._progress):
            if rule.takes(file.path.removeprefix(prefix)) and _is_below(file.path, self._within):
                yield file
        if log.error_count:
            self.notes.append(f"{rule.name}: {log.error_count} names cannot be looked at.")


def _is_below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
