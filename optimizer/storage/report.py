"""Usage, duplicates and large files of several folders in one report."""

from collections.abc import Sequence
from contextlib import ExitStack

from optimizer.errors import HroError
from optimizer.host.files import ScanRoots
from optimizer.host.tree import ScanLog, Tree
from optimizer.paths import readable
from optimizer.ports import Clock, HashCache, Progress
from optimizer.storage.classes import megabytes
from optimizer.storage.duplicates.find import find_duplicates
from optimizer.storage.duplicates.report import DuplicateReport
from optimizer.storage.facts import JsonRow, large_file_json
from optimizer.storage.filesystems import spaces
from optimizer.storage.usage import Usage, measure_usage
from optimizer.storage.usage_report import top_extensions

_SECTIONS = ("disk_usage", "path_analysis", "duplicate_summary", "large_files_summary")
_LARGE_SHOWN = 10


class RootsReport:
    """Two passes over every root: one for its usage, one over all of them for duplicates."""

    def __init__(self, roots: ScanRoots, cache: HashCache, clock: Clock, progress: Progress) -> None:
        self._roots = roots
        self._cache = cache
        self._clock = clock
        self._progress = progress
        self._log = ScanLog()
        self.summary: dict[str, int] = {}  #: once it has run: total_files, total_size_bytes, potential_savings
        self.usages: dict[bytes, Usage] = {}  #: of each root that could be opened

    def run(self) -> JsonRow:
        """The fields of /analyze/storage/report. A root inside another one is shown, and not counted twice.

        Raises CancelledError. A root that is missing or unreadable is an entry of `errors`.
        """
        with ExitStack() as stack:
            trees = self._open(stack)
            self.usages = {tree.path: self._usage(tree) for tree in trees}
            distinct = [tree for tree in trees if tree.path in self._roots.distinct()]
            duplicates = find_duplicates(distinct, self._cache, self._progress)
        counted = [self.usages[tree.path] for tree in distinct]
        self.summary = {
            "total_files": sum(usage.files for usage in counted),
            "total_size_bytes": sum(usage.size for usage in counted),
            "potential_savings": duplicates.reclaimable_bytes,
        }
        return self._json(counted, duplicates)

    def _open(self, stack: ExitStack) -> list[Tree]:
        trees = []
        for path in self._roots.paths:
            try:
                trees.append(stack.enter_context(Tree.open(path, self._roots)))
            except HroError as error:
                self._log.record(path, error.message)
        return trees

    def _usage(self, tree: Tree) -> Usage:
        return measure_usage([tree], self._progress, now=self._clock.now().timestamp(), log=self._log)

    def _json(self, counted: Sequence[Usage], duplicates: DuplicateReport) -> JsonRow:
        large_size = sum(usage.large_size for usage in counted)
        return {
            "sections": list(_SECTIONS),
            "disk_usage": self._disk_usage(),
            "path_analysis": {readable(path): _path_json(usage) for path, usage in self.usages.items()},
            "duplicate_summary": {
                "groups": len(duplicates.groups),
                "space_wasted_bytes": duplicates.reclaimable_bytes,
                "space_wasted_mb": megabytes(duplicates.reclaimable_bytes),
                # The search meets what the first pass met again: its errors are counted apart
                "error_count": duplicates.log.error_count,
            },
            "large_files_summary": {
                "count": sum(usage.large_count for usage in counted),
                "total_size_mb": megabytes(large_size),
                "largest": self._largest(counted),
            },
            "summary": self.summary,
            **self._log.to_json(),
        }

    def _largest(self, counted: Sequence[Usage]) -> list[JsonRow]:
        now = self._clock.now().timestamp()
        large = [file for usage in counted for file in usage.largest_files if file.size >= usage.large_from]
        large.sort(key=lambda file: (-file.size, file.path))
        return [large_file_json(file, now) for file in large[:_LARGE_SHOWN]]

    def _disk_usage(self) -> JsonRow:
        """The fullest filesystem's fields at the top, as clients read them, and each root's in `by_root`."""
        found = spaces(self.usages)
        if not found:
            return {"by_root": {}}
        fullest = max(found.values(), key=lambda space: space.percent)
        by_root = {readable(path): space.to_json() for path, space in found.items()}
        return {**fullest.to_json(), "by_root": by_root}


def _path_json(usage: Usage) -> JsonRow:
    return {
        "total_files": usage.files,
        "total_size_mb": megabytes(usage.size),
        "total_size_bytes": usage.size,
        "disk_usage_bytes": usage.disk_usage,
        "top_extensions": top_extensions(usage),
    }
