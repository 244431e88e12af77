"""Whether each job that was taken came to one end, and ran no oftener than its record says. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping

from benchmarks.chaos import effects, events
from benchmarks.chaos.evidence import Evidence

#: What must not be found, in the words of the report. Each names the jobs, files or events that it is true of.
LOST = "accepted jobs without a final status"
DOUBLED = "jobs that ran again without a claim, or after their end"
CHECKS = (LOST, DOUBLED, *effects.CHECKS, *events.CHECKS)


def account(evidence: Evidence) -> dict[str, list[str]]:
    """What is wrong, by check; a run in which all was well has empty lists."""
    return {
        LOST: sorted(lost(evidence)),
        DOUBLED: sorted(set(doubled(evidence))),
        **effects.account(evidence),
        **events.account(evidence),
    }


def lost(evidence: Evidence) -> Iterator[str]:
    for job in evidence.accepted:
        record = evidence.records.get(job)
        if record is None or not record.is_final:
            yield job


def doubled(evidence: Evidence) -> Iterator[str]:
    """A claim gives the right to one attempt, and none is given once a job has ended."""
    for (job, _), times in Counter((each.job, each.attempt) for each in evidence.begun).items():
        if times > 1:
            yield job
    for event in evidence.heard:
        record = evidence.records.get(event.job)
        if event.event_type == "job.started" and record and record.finished_at and event.at > record.finished_at:
            yield event.job


def repaired(evidence: Evidence, counters: Mapping[str, int]) -> dict[str, int]:
    """How often something had to be put right. `counters`: what workers and keepers counted of it themselves."""
    attempts = [record.attempt for record in evidence.records.values()]
    return {"further attempts": sum(attempt - 1 for attempt in attempts if attempt > 1), **counters}


def is_too_gentle(repairs: Mapping[str, int]) -> bool:
    """A run in which nothing had to be put right shows nothing."""
    return not any(repairs.values())
