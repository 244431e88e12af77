"""The kinds of jobs of this room that only look, in the runner's shape."""

from collections.abc import Mapping

from optimizer.host.files import ScanRoots
from optimizer.host.tree import Tree
from optimizer.jobs import Job
from optimizer.options import LargeFilesOptions, ScanOptions
from optimizer.paths import path_fields, readable
from optimizer.ports import Clock, HashCache, Progress
from optimizer.runner import Analysis, Finding
from optimizer.storage.classes import MIB
from optimizer.storage.duplicates.find import find_duplicates
from optimizer.storage.report import RootsReport
from optimizer.storage.usage import measure_usage
from optimizer.storage.usage_report import large_files_json, usage_json

#: The metric that each analysis sets: the bytes of the files that it met.
_GAUGE = "storage_analyzed_bytes"


def analyze_storage(roots: ScanRoots, clock: Clock) -> Analysis:
    """What uses the space below a folder."""

    def look(job: Job, progress: Progress) -> Finding:
        path = ScanOptions.model_validate(dict(job.options)).path.encode()
        with Tree.open(path, roots) as tree:
            usage = measure_usage([tree], progress, now=clock.now().timestamp())
        told = {"total_files": usage.files, "total_size_bytes": usage.size}
        return _finding(clock, path_fields(path), usage_json(usage), told, usage.size)

    return Analysis(look=look)


def analyze_duplicates(roots: ScanRoots, cache: HashCache, clock: Clock) -> Analysis:
    """Files of equal content below a folder."""

    def look(job: Job, progress: Progress) -> Finding:
        path = ScanOptions.model_validate(dict(job.options)).path.encode()
        with Tree.open(path, roots) as tree:
            report = find_duplicates([tree], cache, progress)
        result = report.summary_json()
        told = {name: result[name] for name in ("duplicate_groups", "total_duplicates", "space_wasted_bytes")}
        return _finding(clock, path_fields(path), result, told, report.size)

    return Analysis(look=look)


def analyze_large_files(roots: ScanRoots, clock: Clock) -> Analysis:
    """The largest files below a folder."""

    def look(job: Job, progress: Progress) -> Finding:
        options = LargeFilesOptions.model_validate(dict(job.options))
        path = options.path.encode()
        large_from = options.min_size_mb * MIB
        with Tree.open(path, roots) as tree:
            usage = measure_usage([tree], progress, now=clock.now().timestamp(), large_from=large_from)
        where = {**path_fields(path), "min_size_mb": options.min_size_mb}
        told = {"large_files_count": usage.large_count, "total_size_bytes": usage.large_size}
        return _finding(clock, where, large_files_json(usage), told, usage.size)

    return Analysis(look=look)


def analyze_report(roots: ScanRoots, cache: HashCache, clock: Clock) -> Analysis:
    """Usage, duplicates and large files of every scan root."""

    def look(_job: Job, progress: Progress) -> Finding:
        report = RootsReport(roots, cache, clock, progress)
        result = report.run()
        where = {"paths": [readable(path) for path in roots.paths]}
        return _finding(clock, where, result, report.summary, report.summary["total_size_bytes"])

    return Analysis(look=look)


def _finding(
    clock: Clock, where: Mapping[str, object], result: Mapping[str, object], told: Mapping[str, object], size: int
) -> Finding:
    """`where` stands in the result and in the event, `told` in the event alone."""
    return Finding(
        result={**where, **result, "timestamp": clock.now().isoformat()},
        event={**where, **told},
        gauges={_GAUGE: size},
    )
