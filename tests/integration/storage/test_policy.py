"""A policy on a filesystem of its own that is full to its last block."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from optimizer.events import EventType
from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal, State
from optimizer.host.space import room_of
from optimizer.jobs import Job
from optimizer.options import TempOptions
from optimizer.plans import OutcomeStatus
from optimizer.runner import Change, Report, run
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.policy.handler import Policies
from optimizer.storage.policy.policy import Policy
from optimizer.storage.policy.steps import policy_steps
from optimizer.storage.policy.watch import level_of
from optimizer.storage.reclaim import Part, reclaim, total
from optimizer.storage.temp.analyze import look
from optimizer.storage.temp.plan import plan_temp
from optimizer.values import JsonObject
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.filesystems import mounted

MIB = 1024 * 1024


class Later(SystemClock):
    """As if two days had passed, so that what is in quarantine has waited."""

    days = 2

    def now(self) -> datetime:
        return super().now() + timedelta(days=self.days)


class Host:
    """A full disk, on which the journal lies too."""

    def __init__(self, disk: Path) -> None:
        self.root = disk / "root"
        self.root.mkdir()
        self.clock = Later()
        self.journal = Journal(disk / "state" / "journal.db", SystemClock())
        self.journal.file.prepare()
        self.roots = ScanRoots([self.root], setting="HRO_ROOTS")
        temp = Part(options=TempOptions, look=partial(look, self.roots, Keep(), self.clock), plan=plan_temp)
        self.parts = {"optimize_temp": [temp]}
        self.hands = Hands(self.roots, self.journal)

    def file(self, name: str, megabytes: int = 1) -> None:
        (self.root / name).write_bytes(os.urandom(megabytes * MIB))

    def quarantine(self) -> None:
        """All files that there are."""
        job = new_job("optimize_temp", path=str(self.root), days_old=0)
        assert self.run(job, reclaim(self.parts["optimize_temp"], self.hands)).result["files_left"] == 0

    def fill(self) -> None:
        """To the last block."""
        with (self.root / "filler.db").open("ab", buffering=0) as filler:
            for size in (MIB, 4096):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    continue

    def policies(self, **changes: Any) -> Policies:
        said = {
            "name": "data",
            "path": str(self.root),
            "high_percent": 90,
            "low_percent": 70,
            "order": ("quarantine", "temp"),
            "max_bytes": 100 * MIB,
            "max_files": 1000,
        }
        return Policies(
            named={"data": Policy.model_validate(said | changes)},
            steps=policy_steps(self.parts, self.journal, self.clock),
            roots=self.roots,
            journal=self.journal,
            clock=self.clock,
            other_owner=lambda: None,
            pause=lambda _seconds: None,
        )

    def act(self, **changes: Any) -> Report:
        without: Change[Any] = total([], self.hands)
        return self.run(new_job("optimize_storage", policy="data"), self.policies(**changes).handler(without))

    def run(self, job: Job, handler: Change[Any]) -> Report:
        return run(job, handler, Listening(), self.clock)

    def percent(self) -> float:
        descriptor = os.open(self.root, os.O_RDONLY)
        try:
            return level_of(room_of(descriptor)).bytes_percent
        finally:
            os.close(descriptor)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with mounted("ext4", tmp_path, 100) as disk:
        yield Host(disk)


def done(report: Report) -> list[str]:
    assert report.plan is not None
    numbers = [row["number"] for row in report.result["outcomes"] if row["status"] == OutcomeStatus.DONE]
    return [report.plan.actions[number].type for number in numbers]


def test_a_full_disk_is_brought_under_its_low_mark(host: Host) -> None:
    """Old quarantine first, and no more of it than is needed; the journal on the same disk still takes its rows."""
    for number in range(40):
        host.file(f"old{number:02}")
    host.quarantine()
    host.file("younger")
    host.fill()
    assert host.percent() == 100
    report = host.act()
    assert 68 < host.percent() <= 70  # a file is 1.1 %, and the log of the journal goes at its end
    assert set(done(report)) == {"purge"}
    assert (len(host.journal.in_state(State.QUARANTINED)) > 0, host.journal.verify().broken_at) == (True, None)
    assert (host.root / "younger").exists()
    assert report.result["proof"]["verdict"] == "proven"
    assert report.also[EventType.POLICY_TRIGGERED]["policy"] == "data"


def test_what_frees_nothing_yet_comes_after_what_does(host: Host) -> None:
    """With too little in quarantine, temporary files are moved there for the next run to purge."""
    for number in range(5):
        host.file(f"old{number:02}")
    host.quarantine()
    for number in range(20):
        host.file(f"new{number:02}")
    host.fill()
    assert done(host.act(min_age_days=1, temp_paths=(str(host.root),))) == ["purge"] * 5 + ["quarantine"] * 20
    assert host.percent() > 90
    host.clock.days = 4
    assert done(host.act(min_age_days=1, temp_paths=(str(host.root),))) == ["purge"] * 20
    assert host.percent() < 80


@pytest.mark.parametrize("budget", [{"max_files": 3}, {"max_bytes": 3 * MIB + 4096}])
def test_budgets_are_never_crossed(host: Host, budget: dict[str, int]) -> None:
    """Though the low mark is far."""
    for number in range(20):
        host.file(f"old{number:02}")
    host.quarantine()
    host.fill()
    report = host.act(**budget)
    assert (len(done(report)), report.result["proof"]["accounted_bytes"]) == (3, 3 * MIB)


def test_a_run_in_vain_is_not_repeated_at_once(host: Host) -> None:
    """The plan says until when it waits."""
    host.fill()
    host.journal.note_run("data", wanted_bytes=100, freed_bytes=0)
    host.clock.days = 0
    report = host.act()
    assert (report.result["verdict"], "in vain" in report.result["notes"][0]) == ("nothing_to_do", True)


def test_a_changed_file_trips_the_breaker(host: Host) -> None:
    """One of five is more than a hundredth: nothing further is purged."""
    for number in range(5):
        host.file(f"old{number:02}")
    host.quarantine()
    host.fill()
    first = next((host.root / ".hro-quarantine").iterdir()) / "0"
    first.touch()
    report = host.act()
    assert done(report) == []
    assert [row["code"] for row in report.result["outcomes"]] == ["stale", *["stopped"] * 4]


def test_where_somebody_else_reclaims_it_abstains(host: Host) -> None:
    """And says who."""
    host.fill()
    policies = host.policies()
    handler = Policies(
        **{name: getattr(policies, name) for name in ("named", "steps", "roots", "journal", "clock", "pause")},
        other_owner=lambda: "kubelet (process 7)",
    ).handler(total([], host.hands))
    result = host.run(new_job("optimize_storage", policy="data"), handler).result
    assert (result["verdict"], result["notes"][0].startswith("kubelet (process 7)")) == ("nothing_to_do", True)


def test_what_waits_in_a_root_that_is_none_any_more_is_left(host: Host) -> None:
    """It is not purged, and keeps nothing else from it."""
    host.file("old")
    host.quarantine()
    elsewhere: JsonObject = {"root": {"path": "/srv/gone"}, "path": "/srv/gone/old"}
    host.journal.note("gone", 0, State.QUARANTINED, target=elsewhere, allocated_bytes=MIB)
    host.fill()
    assert done(host.act(order=("quarantine",))) == ["purge"]
    assert [entry.optimization_id for entry in host.journal.in_state(State.QUARANTINED)] == ["gone"]
