"""The trees that come with each rule, tests/rules/<rule>/{clean,keep}.tree, made real in a temporary folder.

A line is `<path> <days>d <KiB>K` or `<path> -> <target>`, the path from the first folder of the rule.
"""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.options import CacheOptions, LogsOptions
from optimizer.ports import Clock
from optimizer.storage.candidate import Candidate
from optimizer.storage.clean.analyze import Cleaning
from optimizer.storage.clean.plan import Seen
from optimizer.storage.clean.rule import Catalogue, Rule
from tests.fakes.job import Listening

RULES = Path(__file__).parent / "rules"
DAY_SECONDS = 86_400


def here(rule: Rule, place: Path) -> Rule:
    """The rule, with its folders and the locks of this machine moved below a folder of the test's own."""
    folders = tuple(folder if folder.startswith("~") else f"{place}{folder}" for folder in rule.folders)
    command = rule.command
    if command:
        locks = tuple(lock if lock.startswith("{") else f"{place}{lock}" for lock in command.locks)
        command = command.model_copy(update={"locks": locks})
    return rule.model_copy(update={"folders": folders, "command": command})


@dataclass
class Place:
    """A host in a folder, all of it inside HRO_ROOTS, with one home and one rule, whose folders are moved there."""

    top: Path
    shipped: Rule
    rule: Rule = field(init=False)
    home: Path = field(init=False)
    roots: ScanRoots = field(init=False)
    catalogue: Catalogue = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.top / "home"
        self.home.mkdir(parents=True)
        self.rule = here(self.shipped, self.top)
        self.roots = ScanRoots([self.top], setting="HRO_ROOTS")
        self.catalogue = Catalogue({self.rule.name: self.rule})

    def cleaning(self, clock: Clock) -> Cleaning:
        homes = [os.fsencode(self.home)]
        return Cleaning(catalogue=self.catalogue, roots=self.roots, clock=clock, homes=lambda: homes)

    def look(self, clock: Clock, **options: Any) -> Seen:
        cleaning = self.cleaning(clock)
        if self.rule.kind == "optimize_logs":
            return cleaning.logs(LogsOptions(**options), Listening())
        return cleaning.caches(CacheOptions(**options), Listening())

    @property
    def folder(self) -> Path:
        """The first one of the rule."""
        return Path(os.fsdecode(self.rule.places([os.fsencode(self.home)])[0]))

    def build(self, tree: str) -> list[Path]:
        """The files of one of the rule's trees, now on disk."""
        lines = map(str.split, (RULES / self.rule.name / f"{tree}.tree").read_text().splitlines())
        return [self._made(*words) for words in lines if words and not words[0].startswith("#")]

    def _made(self, name: str, age: str, size: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = Path(os.path.normpath(self.folder / name))
        assert path.is_relative_to(self.top)  # never a real cache of whoever runs the tests
        path.parent.mkdir(parents=True, exist_ok=True)
        if age == "->":
            path.symlink_to(size)
            return path
        path.write_bytes(os.urandom(int(size.removesuffix("K")) * 1024))
        then = SystemClock().now().timestamp() - int(age.removesuffix("d")) * DAY_SECONDS - 60
        os.utime(path, (then, then))
        return path


def as_old_as_it_says(seen: Seen) -> Seen:
    """What was seen, had each ctime been set back as the other times were; and were every manager ready to work."""

    def aged(file: Candidate) -> Candidate:
        return replace(file, ctime_ns=file.mtime_ns)

    found = [replace(one, files=tuple(map(aged, one.files)), why_not=None) for one in seen.found]
    return replace(seen, found=tuple(found))
