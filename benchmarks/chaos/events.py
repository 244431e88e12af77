"""Whether every event that the final records imply was heard. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.chaos.evidence import Evidence, Heard, Record

MISSING = "events that the records imply and nobody heard"
CONTRADICTING = "events that the records contradict"
CHECKS = (MISSING, CONTRADICTING)

_FINAL = frozenset({"job.completed", "job.failed", "job.cancelled"})


def account(evidence: Evidence) -> dict[str, list[str]]:
    heard = defaultdict[str, dict[str, Heard]](dict)
    for event in evidence.heard:
        heard[event.job][event.event_id] = event
    pairs = [(record, Counter(event.event_type for event in heard[job].values())) for job, record in _final(evidence)]
    return {
        MISSING: sorted(name for record, types in pairs for name in _missing(record, types)),
        CONTRADICTING: sorted(name for record, types in pairs for name in _contradicting(record, types)),
    }


def _final(evidence: Evidence) -> Iterator[tuple[str, Record]]:
    return ((job, record) for job, record in evidence.records.items() if record.is_final)


def implied(record: Record) -> Counter[str]:
    """The events of a job that has ended, by type."""
    started = int(record.has_started) if record.has_children else record.attempt
    types = Counter({"job.queued": 1, "job.started": started, f"job.{record.status}": 1})
    return types + Counter([record.own_event] if record.own_event else [])


def _missing(record: Record, types: Mapping[str, int]) -> Iterator[str]:
    for event_type, count in implied(record).items():
        if types[event_type] < count:
            yield f"{record.job} ({record.kind}): {event_type} {types[event_type]} of {count}"


def _contradicting(record: Record, types: Mapping[str, int]) -> Iterator[str]:
    expected = implied(record)
    for event_type, count in types.items():
        if count > expected[event_type]:
            yield f"{record.job} ({record.kind}): {event_type} {count} of {expected[event_type]}"


def duplicates(heard: Sequence[Heard]) -> dict[str, int]:
    """How often each event came that came more than once, by its id."""
    return {event_id: times for event_id, times in Counter(event.event_id for event in heard).items() if times > 1}
