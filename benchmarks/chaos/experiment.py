"""One run: faults while clients submit jobs, then rest, then the account."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from celery import Celery

from benchmarks.chaos import accounting, collect
from benchmarks.chaos.client import Client, UnansweredError
from benchmarks.chaos.evidence import Evidence
from benchmarks.chaos.faults import schedule
from benchmarks.chaos.inbox import Inbox
from benchmarks.chaos.ledger import Ledger
from benchmarks.chaos.load import Load
from benchmarks.chaos.stack import Stack
from benchmarks.chaos.stories import Stories
from benchmarks.chaos.strikes import Strike, Striker
from optimizer.host.clock import SystemClock
from optimizer.jobs import Status
from optimizer.kinds import Resource

#: Every job must have ended so soon after the last fault: several leases, further attempts and back-offs of Celery
_REST_SECONDS = 180.0
_LOOK_SECONDS = 0.05
#: Events are taken to have all arrived when none has come for so long
_QUIET_SECONDS = 3.0
_OUTBOX_IS_EMPTY = "hardware_optimizer_outbox_length 0.0"

BROKEN_CHAIN = "journals whose chain is broken"
CELERY = "foreign jobs of which Celery's result says something else"
SURPRISES = "requests that were refused, or never answered"


@dataclass(frozen=True, kw_only=True)
class Run:
    """All that is known of a run."""

    seconds: float  #: for which faults fell
    rest_seconds: float  #: until everything had ended, afterwards
    strikes: list[Strike]
    evidence: Evidence
    problems: Mapping[str, list[str]]
    repairs: Mapping[str, int]
    repaired_at: Mapping[str, list[float]]  #: seconds from the start, by what was repaired
    disk_was_filled: bool
    celery_events: int

    @property
    def is_right(self) -> bool:
        return not any(self.problems.values()) and not accounting.is_too_gentle(self.repairs)


@dataclass
class Experiment:
    stack: Stack
    inbox: Inbox
    seed: int
    seconds: float
    jobs: int
    ledger: Ledger = field(default_factory=Ledger)

    def run(self) -> Run:
        self.client = Client(self.stack.address, self.stack.key)
        self.celery = foreign_client(self.stack.redis_url)
        started_at = SystemClock().now().timestamp()
        strikes = self._strike()
        rest_seconds = self._rest()
        stack = self.stack
        shutil.copytree(stack.state, stack.folder / "state")  # beside the logs, for whoever keeps them
        evidence = collect.collect(
            self.client, self.ledger, self.inbox.heard, data=stack.data, state=stack.state, logs=stack.logs
        )
        repaired_at = collect.repaired_at(self.inbox.heard, stack.logs)
        return Run(
            seconds=self.seconds,
            rest_seconds=rest_seconds,
            strikes=strikes,
            evidence=evidence,
            problems={**accounting.account(evidence), **self._more_problems(evidence)},
            repairs=accounting.repaired(evidence, collect.counters(self.client, stack.logs)),
            repaired_at={name: [at - started_at for at in moments] for name, moments in repaired_at.items()},
            disk_was_filled=stack.disk.is_mounted,
            celery_events=self.inbox.celery_events,
        )

    def _strike(self) -> list[Strike]:
        stories = Stories(
            self.client, self.celery, self.ledger, self.stack.data, deadline=time.monotonic() + self.seconds
        )
        stories.prepare()
        load = Load(stories, self.seed, self.jobs, self.seconds)
        load.start()
        faults = schedule(self.seed, self.seconds, with_disk=self.stack.disk.is_mounted)
        striker = Striker(self.stack, faults, started=time.monotonic())
        while time.monotonic() < striker.started + self.seconds:
            striker.step()
            self.stack.tend()
            time.sleep(_LOOK_SECONDS)
        striker.end()
        load.end()
        self.stack.until(lambda: load.has_ended)
        return striker.strikes

    def _rest(self) -> float:
        """Until everything has ended, or should have; the seconds that it took."""
        started, open_jobs = time.monotonic(), set(self.ledger.accepted)

        def is_at_rest() -> bool:
            with suppress(UnansweredError):
                open_jobs.difference_update({job for job in open_jobs if self._has_ended(job)})
                return not open_jobs and _OUTBOX_IS_EMPTY in self.client.call("GET", "/metrics").text
            return False

        self.stack.until(is_at_rest, _REST_SECONDS)
        seconds = time.monotonic() - started
        heard = -1
        while heard != len(self.inbox.heard):
            heard = len(self.inbox.heard)
            time.sleep(_QUIET_SECONDS)
        return seconds

    def _has_ended(self, job: str) -> bool:
        record = self.client.record(job)
        return record is not None and Status(record["status"]).is_final

    def _more_problems(self, evidence: Evidence) -> dict[str, list[str]]:
        return {
            BROKEN_CHAIN: [] if self._chain_holds() else [str(self.stack.state)],
            CELERY: [job for job in sorted(self.ledger.foreign) if not self._celery_agrees(evidence, job)],
            SURPRISES: self.ledger.surprises,
        }

    def _chain_holds(self) -> bool:
        command = [sys.executable, "-P", "-m", "optimizer.cli.main", "audit", "verify"]
        return subprocess.run(command, env=self.stack.environment, check=False, stdout=subprocess.PIPE).returncode == 0

    def _celery_agrees(self, evidence: Evidence, job: str) -> bool:
        words = {Status.COMPLETED: "SUCCESS", Status.FAILED: "FAILURE", Status.CANCELLED: "REVOKED"}
        record = evidence.records.get(job)
        return record is None or self.celery.AsyncResult(job).state == words.get(Status(record.status))


def foreign_client(redis_url: str) -> Celery:
    """Celery alone, as another service has it."""
    parts = urlsplit(redis_url)
    url = f"redis+socket://{parts.path}?virtual_host=0" if parts.scheme == "unix" else redis_url
    client = Celery("another service", broker=url, backend=url)
    client.conf.task_ignore_result = True  # it does not wait for any
    return client


def run(folder: Path, *, seed: int, seconds: float, jobs: int) -> Run:
    """`folder`: an empty one, for servers, state and logs."""
    with Stack(folder, Resource, worker="benchmarks.chaos.worker", hosts=2) as stack:
        if stack.inbox is None:
            raise RuntimeError("a run needs RabbitMQ")
        return Experiment(stack, stack.inbox, seed, seconds, jobs).run()
