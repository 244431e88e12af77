"""The runner: analyze, plan, apply, measure, receipt."""

from dataclasses import dataclass, field

import pytest

from optimizer.errors import CancelledError
from optimizer.jobs import Job
from optimizer.plans import Action, Outcome, OutcomeStatus, Plan, Verdict
from optimizer.ports import Progress
from optimizer.runner import Analysis, Applied, Change, Finding, run
from optimizer.values import JsonObject
from tests.fakes.clock import NOON, FakeClock


class Silent:
    def report(self, **counts: int | str) -> None:
        pass


@dataclass
class Host:
    """A host with a number of crumbs to be swept up."""

    crumbs: int
    swept: list[int] = field(default_factory=list)

    def handler(self) -> Change[int]:
        return Change(
            analyze=lambda _job, _progress: self.crumbs,
            plan=lambda _job, crumbs: Plan(actions=tuple(map(sweep, range(crumbs))), notes=("as told",)),
            apply=self.apply,
            measure=lambda: {"crumbs": self.crumbs},
            conclude=self.conclude,
        )

    def apply(self, action: Action, _progress: Progress) -> Outcome:
        self.swept.append(action.number)
        self.crumbs -= 1
        return Outcome(number=action.number, status=OutcomeStatus.DONE)

    @staticmethod
    def conclude(applied: Applied) -> Finding:
        swept = applied.before["crumbs"] - applied.after["crumbs"]
        verdict = Verdict.IMPROVED if swept else Verdict.NO_EFFECT
        return Finding(result={"swept": swept}, event={"swept": swept}, verdict=verdict)


def sweep(number: int) -> Action:
    return Action(number=number, type="sweep", target={}, reversible=True, reason=f"crumb {number}")


def job(**options: bool) -> Job:
    return Job(optimization_id="1", kind="optimize_memory", host="here", options=options, created_at=NOON)


def test_a_dry_run_plans_the_same_and_touches_nothing() -> None:
    """The plan of a dry run is the plan that applying follows, to the digest."""
    host = Host(crumbs=3)
    planned = run(job(dry_run=True), host.handler(), Silent(), FakeClock())
    assert (host.crumbs, host.swept) == (3, [])
    applied = run(job(), host.handler(), Silent(), FakeClock())
    assert planned.plan is not None
    assert applied.plan is not None
    assert planned.plan.digest == applied.plan.digest


def test_a_dry_run_sends_no_event_of_an_effect() -> None:
    """memory.optimized and its like are for what was done."""
    report = run(job(dry_run=True), Host(crumbs=3).handler(), Silent(), FakeClock())
    assert (report.event, report.result["verdict"]) == (None, "planned")


def test_actions_are_applied_in_their_order_and_measured_around() -> None:
    """The receipt holds what was done, before and after."""
    host = Host(crumbs=2)
    result = run(job(), host.handler(), Silent(), FakeClock()).result
    assert host.swept == [0, 1]
    assert (result["before"], result["after"], result["swept"]) == ({"crumbs": 2}, {"crumbs": 0}, 2)
    assert result["actions_taken"] == ["crumb 0", "crumb 1"]


def test_an_empty_plan_says_that_there_was_nothing_to_do() -> None:
    """Nothing planned is a result of its own, with the plan's notes."""
    result = run(job(), Host(crumbs=0).handler(), Silent(), FakeClock()).result
    assert (result["verdict"], result["notes"]) == ("nothing_to_do", ["as told"])


def test_a_skipped_action_is_not_among_those_taken() -> None:
    """What no longer held when it was to be done is told apart from what was done."""

    def skip(action: Action, _progress: Progress) -> Outcome:
        return Outcome(number=action.number, status=OutcomeStatus.SKIPPED, reason="changed")

    handler = Host(crumbs=1).handler()
    stale = Change(
        analyze=handler.analyze, plan=handler.plan, apply=skip, measure=handler.measure, conclude=handler.conclude
    )
    result = run(job(), stale, Silent(), FakeClock()).result
    assert (result["actions_taken"], result["outcomes"][0]["status"], result["verdict"]) == ([], "skipped", "no_effect")


def test_a_cancelled_job_stops_between_two_actions() -> None:
    """No action is begun after the word to stop."""

    @dataclass
    class StopAtSecond:
        def report(self, **counts: int | str) -> None:
            if counts["actions_done"] == 1:
                raise CancelledError

    host = Host(crumbs=3)
    with pytest.raises(CancelledError):
        run(job(), host.handler(), StopAtSecond(), FakeClock())
    assert host.swept == [0]


def test_an_analysis_has_no_plan() -> None:
    """What only looks leaves a result, an event and its gauges."""

    def look(_job: Job, _progress: Progress) -> Finding:
        found: JsonObject = {"files": 7}
        return Finding(result=found, event=found, gauges={"storage_analyzed_bytes": 9})

    report = run(job(), Analysis(look=look), Silent(), FakeClock())
    assert (report.plan, report.result, report.gauges) == (None, {"files": 7}, {"storage_analyzed_bytes": 9})
