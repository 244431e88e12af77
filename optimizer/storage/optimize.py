"""The handlers of the kinds that reclaim storage."""

import os
from functools import partial

from optimizer.host.files import ScanRoots
from optimizer.jobs import Job
from optimizer.paths import readable
from optimizer.plans import Plan
from optimizer.ports import Progress
from optimizer.runner import Change, unknown_action
from optimizer.storage.filesystems import spaces
from optimizer.storage.plan import conclude_nothing, no_action_yet
from optimizer.values import JsonObject

#: Read where no folder may be changed, so that a result still says how full the disk is.
_ROOT = b"/"


def optimize_storage_kind(kind: str, roots: ScanRoots) -> Change[None]:
    """The handler of `kind`, one of optimize_{disk,storage,duplicates,cache,compress,logs,temp}.

    `roots` are the folders in which changes are allowed (HRO_ROOTS); a job's path must lie in one of them.
    """

    def check_path(job: Job, _progress: Progress) -> None:
        if "path" in job.options:
            os.close(roots.open(str(job.options["path"]).encode()))

    def plan(job: Job, _nothing: None) -> Plan:
        return no_action_yet(job.kind)

    return Change(
        analyze=check_path,
        plan=plan,
        apply=unknown_action,
        measure=partial(measure_space, roots),
        conclude=partial(conclude_nothing, kind),
    )


def measure_space(roots: ScanRoots) -> JsonObject:
    """`free_bytes` {root: bytes} and `disk_percent`, of the fullest of their filesystems."""
    found = spaces(roots.paths or (_ROOT,))
    return {
        "free_bytes": {readable(path): space.free for path, space in found.items()},
        "disk_percent": max((space.percent for space in found.values()), default=0.0),
    }
