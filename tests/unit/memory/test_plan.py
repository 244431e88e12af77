"""What is planned about memory, and what is concluded from measurements."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.memory.plan import NOISE_BYTES, TRIM_HEAP, Worker, conclude, plan_memory, verdict
from optimizer.plans import Outcome, OutcomeStatus, Plan, Verdict
from optimizer.runner import Applied
from tests.fakes.job import job
from tests.fakes.submitted import new_job

RSS = st.integers(0, 2**45)


def worker(**facts: int | bool) -> Worker:
    return Worker(**({"pid": 7, "start_ticks": 99, "rss_bytes": 1000, "can_trim": True} | facts))  # type: ignore[arg-type]  # mixed facts


def applied(before: int, after: int, status: OutcomeStatus = OutcomeStatus.DONE, available: int = 0) -> Applied:
    return Applied(
        job=new_job(),
        plan=Plan(),
        outcomes=(Outcome(number=0, status=status),),
        before={"rss_bytes": before, "mem_available_bytes": 1000, "memory_percent": 51.0},
        after={"rss_bytes": after, "mem_available_bytes": 1000 + available, "memory_percent": 50.0},
        duration_ms=12,
    )


def test_the_plan_is_one_reversible_action_on_the_worker_itself() -> None:
    """It names the process and what tells it from a later one with the same pid."""
    (action,) = plan_memory(job("optimize_memory"), worker()).actions
    assert action.type == TRIM_HEAP
    assert (action.target, action.relied_on) == ({"pid": 7}, {"start_ticks": 99})
    assert action.reversible
    assert action.reason


@given(dry_run=st.booleans(), rss=RSS, earlier=RSS)
def test_a_dry_run_shows_what_applying_does(*, dry_run: bool, rss: int, earlier: int) -> None:
    """The plan depends neither on the question nor on how large the worker is just now."""
    shown = plan_memory(job("optimize_memory", dry_run=True), worker(rss_bytes=earlier))
    assert plan_memory(job("optimize_memory", dry_run=dry_run), worker(rss_bytes=rss)).digest == shown.digest


def test_without_malloc_trim_nothing_is_planned() -> None:
    """And a note says why."""
    plan = plan_memory(job("optimize_memory"), worker(can_trim=False))
    assert plan.actions == ()
    assert "malloc_trim" in plan.notes[0]


def test_the_result_has_the_fields_of_the_original() -> None:
    """Percentages before and after, and what was freed, in MiB."""
    finding = conclude(applied(before=10 << 20, after=8 << 20, available=4096))
    assert finding.result == {
        "initial_memory_percent": 51.0,
        "final_memory_percent": 50.0,
        "memory_freed_mb": 2.0,
        "rss_freed_bytes": 2 << 20,
        "mem_available_delta_bytes": 4096,
    }
    assert finding.event == {"freed_mb": 2.0, "duration_ms": 12}
    assert finding.gauges == {"memory_freed_bytes": 2 << 20}
    assert finding.verdict is Verdict.IMPROVED


@given(RSS, RSS)
def test_a_loss_is_shown_as_one(before: int, after: int) -> None:
    """Result, event and gauge have the same sign as the change; none hides a negative number."""
    finding = conclude(applied(before, after))
    assert finding.result["rss_freed_bytes"] == finding.gauges["memory_freed_bytes"] == before - after
    assert finding.event["freed_mb"] == finding.result["memory_freed_mb"]
    assert finding.verdict is verdict(before - after)


@given(st.integers(-(2**45), 2**45))
def test_the_verdict_follows_the_measurement(freed: int) -> None:
    """A change within the noise is none; beyond it, its sign decides."""
    expected = {True: Verdict.IMPROVED, False: Verdict.MADE_WORSE}[freed > 0]
    assert verdict(freed) is (Verdict.NO_EFFECT if abs(freed) < NOISE_BYTES else expected)


@given(RSS, RSS, st.sampled_from([OutcomeStatus.SKIPPED, OutcomeStatus.FAILED]))
def test_what_was_not_done_frees_nothing(before: int, after: int, status: OutcomeStatus) -> None:
    """However the worker's memory moved meanwhile, it was not the action."""
    finding = conclude(applied(before, after, status))
    assert finding.result["rss_freed_bytes"] == 0
    assert finding.verdict is Verdict.NO_EFFECT
