"""The handlers of what moves files: old temporary files into quarantine, a job's files back or away."""

import os
import stat
from collections.abc import Callable
from contextlib import closing
from functools import partial

from optimizer.errors import NothingInQuarantineError, PlanChangedError
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Entry, Journal, State
from optimizer.host.tree import ScanLog, Tree
from optimizer.host.walk import walk
from optimizer.jobs import Job
from optimizer.options import PlanOptions, TargetOptions, TempOptions
from optimizer.plans import Plan
from optimizer.ports import Clock, Progress
from optimizer.runner import Change
from optimizer.storage.kept import conclude_purge, conclude_restore, plan_purge, plan_restore
from optimizer.storage.mover import Mover
from optimizer.storage.optimize import measure_space
from optimizer.storage.temp import Candidate, Seen, conclude, plan_temp

#: Where programs put what they do not mean to keep, by the Filesystem Hierarchy Standard; read only inside HRO_ROOTS
_TEMPORARY = (b"/tmp", b"/var/tmp")
_BLOCK = 512


def optimize_temp(roots: ScanRoots, journal: Journal, clock: Clock) -> Change[Seen]:
    mover = Mover(roots, journal)
    return Change(
        analyze=partial(_look, roots, clock),
        plan=plan_temp,
        apply=mover.apply,
        measure=partial(measure_space, roots),
        conclude=conclude,
        hold=mover.hold,
    )


def apply_plan(roots: ScanRoots, journal: Journal, load: Callable[[str], Plan]) -> Change[Plan]:
    """`load` gives the plan of a job as it was shown."""
    mover = Mover(roots, journal)

    def planned(job: Job, _progress: Progress) -> Plan:
        options = PlanOptions.model_validate(dict(job.options))
        plan = load(options.optimization_id)
        if plan.digest != options.digest:
            raise PlanChangedError(digest=plan.digest)
        return plan

    return Change(
        analyze=planned,
        plan=lambda _job, plan: plan,
        apply=mover.apply,
        measure=partial(measure_space, roots),
        conclude=conclude,
        hold=mover.hold,
    )


def undo(roots: ScanRoots, journal: Journal) -> Change[list[Entry]]:
    mover = Mover(roots, journal)
    return Change(
        analyze=partial(_in_quarantine, journal),
        plan=lambda _job, entries: plan_restore(entries),
        apply=mover.apply,
        measure=partial(measure_space, roots),
        conclude=conclude_restore,
        hold=mover.hold,
    )


def purge(roots: ScanRoots, journal: Journal) -> Change[list[Entry]]:
    mover = Mover(roots, journal)
    return Change(
        analyze=partial(_in_quarantine, journal),
        plan=lambda _job, entries: plan_purge(entries),
        apply=mover.apply,
        measure=partial(measure_space, roots),
        conclude=conclude_purge,
        hold=mover.hold,
    )


def _in_quarantine(journal: Journal, job: Job, _progress: Progress) -> list[Entry]:
    """Raises NothingInQuarantineError where the job has nothing there, or has nothing there any more."""
    target = TargetOptions.model_validate(dict(job.options)).optimization_id
    entries = [entry for entry in journal.of_job(target) if entry.state is State.QUARANTINED]
    if not entries:
        raise NothingInQuarantineError(optimization_id=target)
    return entries


def _look(roots: ScanRoots, clock: Clock, job: Job, progress: Progress) -> Seen:
    options = TempOptions.model_validate(dict(job.options))
    folders = [options.path.encode()] if options.path else _temporary_folders(roots)
    log, candidates = ScanLog(), []
    for folder in folders:
        with Tree.open(folder, roots) as tree:
            candidates += _candidates(tree, roots.root_of(folder), log, progress)
    notes = [] if folders else ["Neither /tmp nor /var/tmp is inside HRO_ROOTS, and no path was given."]
    if log.error_count:
        notes.append(f"{log.error_count} names could not be looked at.")
    return Seen(candidates=tuple(candidates), now_ns=int(clock.now().timestamp() * 10**9), notes=tuple(notes))


def _temporary_folders(roots: ScanRoots) -> list[bytes]:
    return [folder for folder in _TEMPORARY if roots.holds(folder) and os.path.isdir(folder)]  # noqa: PTH112 - bytes


def _candidates(tree: Tree, root: bytes, log: ScanLog, progress: Progress) -> list[Candidate]:
    found = []
    with closing(walk(tree, log, progress)) as folders:
        for folder, entries in folders:
            found += [
                Candidate(
                    root=root,
                    path=folder.path_of(name),
                    device=status.st_dev,
                    inode=status.st_ino,
                    size=status.st_size,
                    allocated=status.st_blocks * _BLOCK,
                    links=status.st_nlink,
                    atime_ns=status.st_atime_ns,
                    mtime_ns=status.st_mtime_ns,
                    ctime_ns=status.st_ctime_ns,
                )
                for name, status in entries
                if stat.S_ISREG(status.st_mode)
            ]
    return found
