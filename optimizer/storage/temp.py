"""Old temporary files: what there is, and what of it may be moved into quarantine. The plan is pure."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from optimizer.jobs import Job
from optimizer.options import TempOptions
from optimizer.paths import path_fields, readable
from optimizer.plans import Action, Plan, Verdict
from optimizer.runner import Applied, Finding
from optimizer.values import JsonObject

QUARANTINE = "quarantine"
#: Names of what programs use to know of each other, or that they rewrite while they run; see also in_use.py
_LIVE_SUFFIXES = (".lock", ".lck", ".pid", ".sock", ".db", ".sqlite", ".sqlite3", "-wal", "-shm", "-journal", ".swp")
_LIVE_FOLDERS = frozenset({b".git", b".X11-unix", b".ICE-unix", b".font-unix", b".XIM-unix"})
_DAY_NS = 86_400 * 10**9
#: Actions of one plan; what is left is for the next run
_MOST_ACTIONS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A regular file as the walk saw it."""

    root: bytes  #: the configured root that it lies in
    path: bytes
    device: int
    inode: int
    size: int
    allocated: int
    links: int
    atime_ns: int
    mtime_ns: int
    ctime_ns: int

    @property
    def newest_ns(self) -> int:
        """When it was last read, written, moved or given other rights, whichever was last."""
        return max(self.atime_ns, self.mtime_ns, self.ctime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    candidates: tuple[Candidate, ...]
    now_ns: int
    notes: tuple[str, ...]


def plan_temp(job: Job, seen: Seen) -> Plan:
    """An action for each file that is old enough and nobody's live state, by path."""
    options = TempOptions.model_validate(dict(job.options))
    limit = seen.now_ns - options.days_old * _DAY_NS
    old = sorted((c for c in seen.candidates if c.newest_ns < limit), key=lambda candidate: candidate.path)
    kept = [candidate for candidate in old if is_live_state(candidate.path)]
    chosen = [candidate for candidate in old if not is_live_state(candidate.path)]
    notes = [*seen.notes]
    if kept:
        notes.append(f"Kept {len(kept)} old files that look like locks, sockets or databases.")
    if len(chosen) > _MOST_ACTIONS:
        notes.append(f"Left {len(chosen) - _MOST_ACTIONS} more old files for the next run.")
    actions = tuple(_action(number, candidate, limit) for number, candidate in enumerate(chosen[:_MOST_ACTIONS]))
    return Plan(actions=actions, notes=tuple(notes))


def is_live_state(path: bytes) -> bool:
    """Whether a file's name says that a program may rely on it though it is old."""
    folder, name = posixpath.split(path)
    return name.decode("utf-8", "replace").lower().endswith(_LIVE_SUFFIXES) or bool(
        _LIVE_FOLDERS & set(folder.split(b"/"))
    )


def _action(number: int, candidate: Candidate, limit_ns: int) -> Action:
    return Action(
        number=number,
        type=QUARANTINE,
        target={"root": path_fields(candidate.root), **path_fields(candidate.path)},
        relied_on={
            "device": candidate.device,
            "inode": candidate.inode,
            "size": candidate.size,
            "mtime_ns": candidate.mtime_ns,
            "ctime_ns": candidate.ctime_ns,
            "not_read_since_ns": limit_ns,
        },
        reversible=True,
        claimed_bytes=candidate.allocated if candidate.links == 1 else 0,
        reason=f"{readable(candidate.path)} was not used for the time that was asked for",
    )


def conclude(applied: Applied) -> Finding:
    """Nothing is freed yet: it waits in quarantine, for undo or for purge."""
    moved = [outcome for outcome in applied.outcomes if outcome.measured]
    quarantined = sum(int(outcome.measured["allocated_bytes"]) for outcome in moved)
    result: JsonObject = {
        "files_removed": 0,
        "files_quarantined": len(moved),
        "quarantined_bytes": quarantined,
        "space_freed_bytes": 0,
        "space_freed_mb": 0.0,
        "skipped": _reasons(outcome.reason for outcome in applied.outcomes if not outcome.measured),
    }
    return Finding(
        result=result,
        event={"kind": "optimize_temp", "files_quarantined": len(moved), "space_freed_bytes": 0},
        gauges={"storage_freed_bytes": 0},
        verdict=Verdict.IMPROVED if moved else Verdict.NO_EFFECT,
    )


def _reasons(reasons: Iterable[str]) -> dict[str, int]:
    """How often each reason was given."""
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return counts
