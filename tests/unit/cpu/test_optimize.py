"""That optimize_cpu changes nothing, and says why."""

from pathlib import Path

import pytest

from optimizer import runner
from optimizer.cpu.optimize import optimize_cpu
from optimizer.plans import Action, OutcomeStatus
from tests.fakes import proc
from tests.fakes.clock import FakeClock
from tests.fakes.job import Listening, job


@pytest.mark.parametrize(
    ("setting", "said"), [("1\n", "autogroup_enabled is 1"), ("0\n", "autogroup_enabled is 0"), (None, "no autogroup")]
)
def test_the_reason_is_true_for_the_host(tmp_path: Path, setting: str | None, said: str) -> None:
    """It depends on how the host groups its processes, or whether it can."""
    proc.make_proc(tmp_path)
    if setting:
        proc.write(tmp_path, "sys/kernel/sched_autogroup_enabled", setting)
    report = runner.run(job("optimize_cpu", dry_run=True), optimize_cpu(tmp_path), Listening(), FakeClock())
    assert report.result["verdict"] == "nothing_to_do"
    assert report.plan is not None
    assert report.plan.actions == ()
    assert said in report.plan.notes[1]


def test_pressure_is_measured_before_and_after() -> None:
    """The result has the fields of the original; nothing was adjusted."""
    report = runner.run(job("optimize_cpu"), optimize_cpu(), Listening(), FakeClock())
    assert report.result["processes_adjusted"] == 0
    assert report.result["initial_cpu_percent"] == report.result["before"]["cpu_percent"]
    assert 0 <= report.result["after"]["cpu_percent"] <= 100
    assert "available" in report.result["after"]["pressure"]
    assert report.result["actions_taken"] == []


def test_an_action_from_elsewhere_is_not_applied() -> None:
    """No plan of this version has one."""
    renice = Action(number=3, type="renice", target={"pid": 1}, reversible=True, reason="a test")
    outcome = optimize_cpu().apply(renice, Listening())
    assert (outcome.number, outcome.status) == (3, OutcomeStatus.FAILED)
