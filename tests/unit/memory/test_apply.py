"""The one action on memory, on this very process."""

import os
from pathlib import Path

import pytest

from optimizer import runner
from optimizer.host import procfs
from optimizer.memory import apply
from optimizer.memory.optimize import optimize_memory
from optimizer.memory.plan import TRIM_HEAP
from optimizer.plans import Action, OutcomeStatus
from tests.fakes import proc
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening, job


def action(pid: int, start_ticks: int, kind: str = TRIM_HEAP) -> Action:
    return Action(
        number=0,
        type=kind,
        target={"pid": pid},
        relied_on={"start_ticks": start_ticks},
        reversible=True,
        reason="a test",
    )


def own_start() -> int:
    return procfs.read_process("self").start_ticks


def test_the_memory_is_measured_on_both_sides() -> None:
    """An outcome says what RSS was before and after."""
    outcome = apply.trim_heap(action(os.getpid(), own_start()), Listening())
    assert outcome.status is OutcomeStatus.DONE
    assert set(outcome.measured) == {"rss_before_bytes", "rss_after_bytes"}
    assert min(outcome.measured.values()) > 0


@pytest.mark.parametrize(("pid", "ticks"), [(1, 0), (0, 1)])
def test_another_process_is_never_acted_on(pid: int, ticks: int) -> None:
    """Neither another pid, nor this pid when a process had it that started at another time."""
    outcome = apply.trim_heap(action(os.getpid() + pid, own_start() + ticks), Listening())
    assert outcome.status is OutcomeStatus.SKIPPED
    assert "replaced" in outcome.reason


def test_an_unknown_action_is_not_applied() -> None:
    """A plan from elsewhere may hold one."""
    outcome = apply.trim_heap(action(os.getpid(), own_start(), "drop_caches"), Listening())
    assert outcome.status is OutcomeStatus.FAILED
    assert "drop_caches" in outcome.reason


def test_a_dry_run_changes_nothing_and_shows_the_plan_that_is_applied() -> None:
    """Both have one digest; only one has outcomes."""
    dry = runner.run(job("optimize_memory", dry_run=True), optimize_memory(), Listening(), FakeClock())
    real = runner.run(job("optimize_memory"), optimize_memory(), Listening(), FakeClock())
    assert dry.plan is not None
    assert real.plan is not None
    assert dry.plan.digest == real.plan.digest
    assert dry.result["outcomes"] == []
    assert [outcome["status"] for outcome in real.result["outcomes"]] == ["done"]
    assert real.result["before"]["rss_bytes"] > 0


def test_rss_is_counted_page_by_page() -> None:
    """Sixteen MiB that are touched show up to the page."""
    before = apply.rss_bytes()
    held = bytearray(os.urandom(16 << 20))
    assert apply.rss_bytes() - before >= len(held)


def test_without_a_sum_of_maps_the_counter_is_used(tmp_path: Path) -> None:
    """A process that must not be dumped may not read its own smaps."""
    proc.write(tmp_path, "self/stat", proc.process_stat(1, rss=3))
    assert apply.rss_bytes(tmp_path) == 3 * os.sysconf("SC_PAGE_SIZE")


def test_a_c_library_without_malloc_trim_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Musl has none; then there is no action."""
    monkeypatch.setattr("ctypes.CDLL", lambda _name: object())
    assert apply.malloc_trim() is None
    report = runner.run(job("optimize_memory"), optimize_memory(), Listening(), FakeClock())
    assert report.result["verdict"] == "nothing_to_do"
    assert report.result["rss_freed_bytes"] == 0
