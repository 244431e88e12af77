"""Whether filesystem, journal and records tell the same of each file, and each effect happened once and whole. Pure."""

from collections import defaultdict
from collections.abc import Iterator

from benchmarks.chaos.evidence import Evidence, Record, Row
from optimizer.host.journal import State
from optimizer.jobs import Status

TWICE = "actions that were done twice, or in an order that cannot be"
HALFWAY = "actions that were begun and neither done nor withdrawn"
MISPLACED = "files that are not, whole and once, where the journal has them"
DISAGREEING = "records that tell another number of files than the journal"
FAILED_PARTLY = "jobs recorded as failed although they moved files"
CHECKS = (TWICE, HALFWAY, MISPLACED, DISAGREEING, FAILED_PARTLY)

#: What may follow what. A restore or purge that did not happen leaves the file where it was before.
_NEXT = {
    None: {State.INTENDED},
    State.INTENDED: {State.QUARANTINED, State.REPLACED, State.WITHDRAWN},
    State.WITHDRAWN: {State.INTENDED},
    State.QUARANTINED: {State.RESTORING, State.PURGING},
    State.REPLACED: {State.RESTORING},
    State.RESTORING: {State.RESTORED, State.QUARANTINED, State.REPLACED},
    State.PURGING: {State.PURGED, State.QUARANTINED},
}
_BEGUN = (State.INTENDED, State.RESTORING, State.PURGING)
#: Where a file is whose action ended so; after all others it is in its place
_PLACES = {
    State.QUARANTINED: ["in quarantine (True)"],
    State.REPLACED: ["compressed (True)"],
    State.PURGED: list[str](),
}
#: What each kind's result counts, and the state of the rows that it is the count of
_COUNTED = {
    "optimize_temp": ("files_quarantined", None),
    "apply_plan": ("files_quarantined", None),
    "optimize_compress": ("files_compressed", None),
    "undo": ("files_restored", State.RESTORED),
    "purge": ("files_purged", State.PURGED),
}


def account(evidence: Evidence) -> dict[str, list[str]]:
    return {
        TWICE: sorted(set(_twice(evidence))),
        HALFWAY: sorted(_name(row) for row in evidence.rows if row.state in _BEGUN),
        MISPLACED: sorted(_misplaced(evidence)),
        DISAGREEING: sorted(_disagreeing(evidence)),
        FAILED_PARTLY: sorted(_failed_partly(evidence)),
    }


def _name(row: Row) -> str:
    return f"{row.job}/{row.number}"


def _twice(evidence: Evidence) -> Iterator[str]:
    last: dict[tuple[str, int], State] = {}
    for step in evidence.steps:
        action = (step.job, step.number)
        if step.state not in _NEXT.get(last.get(action), ()):
            yield f"{step.job}/{step.number}: {last.get(action)} -> {step.state}"
        last[action] = State(step.state)


def _misplaced(evidence: Evidence) -> Iterator[str]:
    """A file is in one place alone, and there it holds what it held."""
    rows = defaultdict[str, list[Row]](list)
    for row in evidence.rows:
        rows[row.path].append(row)
    for path, digest in evidence.written.items():
        places = [f"in place ({evidence.in_place[path] == digest})"] if path in evidence.in_place else []
        actions = [(row.job, row.number) for row in rows[path]]
        kept = [evidence.in_quarantine[action] for action in actions if action in evidence.in_quarantine]
        places += [f"in quarantine ({found == digest})" for found in kept]
        places += [f"compressed ({evidence.compressed[path] == digest})"] if path in evidence.compressed else []
        expected = _expected_place(rows[path])
        if places != expected:
            yield f"{path}: {places or 'nowhere'} instead of {expected or 'nowhere'}"
    known = {(row.job, row.number) for row in evidence.rows}
    yield from (f"{job}/{number}: not in the journal" for job, number in evidence.in_quarantine.keys() - known)


def _expected_place(rows: list[Row]) -> list[str]:
    """Where the rows of all jobs that touched a file say that it is."""
    places = [_PLACES[state] for row in rows if (state := State(row.state)) in _PLACES]
    if len(places) > 1:
        return [f"one place, from which it was moved {len(places)} times"]
    return places[0] if places else ["in place (True)"]


def _disagreeing(evidence: Evidence) -> Iterator[str]:
    for record in evidence.records.values():
        counted = _COUNTED.get(record.kind)
        if counted and record.status == Status.COMPLETED and not record.dry_run:
            field, state = counted
            found = sum(1 for row in evidence.rows if _is_counted(row, record, state))
            if record.result.get(field) != found:
                yield f"{record.job} ({record.kind}): {field} is {record.result.get(field)}, the journal has {found}"


def _is_counted(row: Row, record: Record, state: State | None) -> bool:
    if state is None:  # whatever became of it since, it was moved
        return row.job == record.job and row.state not in (State.INTENDED, State.WITHDRAWN)
    return row.state == state and row.by == record.job


def _failed_partly(evidence: Evidence) -> Iterator[str]:
    """Who is told that a job has failed must be able to take it that nothing was changed."""
    acted = {row.job for row in evidence.rows if row.state not in (State.INTENDED, State.WITHDRAWN)}
    acted |= {row.by for row in evidence.rows if row.by and row.state in (State.RESTORED, State.PURGED)}
    for record in evidence.records.values():
        if record.status == Status.FAILED and record.job in acted:
            yield f"{record.job} ({record.kind}): {record.error_code}"
