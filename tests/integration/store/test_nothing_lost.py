"""Whatever happens to messages and workers, in whatever order: each job ends, and ends once."""

import json
import time
from collections import Counter
from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from optimizer.errors import FencedOutError, JobNotCancellableError
from optimizer.jobs import Job, JobRecord, Status
from optimizer.runner import Report
from optimizer.store.attempts import Attempt
from tests.fakes.submitted import new_job
from tests.integration.conftest import Store

QUEUES = ("cpu.one", "cpu.two")
OWNER = "cpu@here/1"
FINAL = ("job.completed", "job.failed", "job.cancelled")

picks = st.integers(0, 1000)
queues = st.sampled_from(QUEUES)


class Service(RuleBasedStateMachine):
    """Jobs, their messages, and workers that do what workers do, or die."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        store.redis.flushdb()
        self.jobs: list[Job] = []
        self.attempts: list[Attempt] = []
        self.alive: set[str] = set()  #: ids of jobs whose lease has not been missed

    # --- what people and workers do --------------------------------------------------------------------------
    @rule(host=st.sampled_from(("one", "two", "one,two")))
    def submit(self, host: str) -> None:
        job = new_job("analyze_cpu", host=host)
        self.store.jobs.submit(job)
        self.jobs += [job, *job.children]

    @rule(queue=queues)
    def begin(self, queue: str) -> None:
        if message := self._pop(queue):
            job = self._job(message)
            claim = self.store.attempts.claim(job, OWNER, 7)
            if isinstance(claim, Attempt):
                assert job.optimization_id not in self.alive
                self.attempts.append(claim)
                self.alive.add(job.optimization_id)

    @rule(pick=picks)
    def complete(self, pick: int) -> None:
        if self.attempts:
            self._end(self.attempts.pop(pick % len(self.attempts)))

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        if self.jobs:
            before = self._record(self.jobs[pick % len(self.jobs)])
            try:
                self.store.jobs.cancel(before)
            except JobNotCancellableError:
                assert before.status.is_final
            if before.attempt:  # what it may have done is for its worker to end
                assert self._record(before.job).status is before.status

    @rule()
    def reconcile(self) -> None:
        self.store.reconciler.reconcile()

    # --- what goes wrong -------------------------------------------------------------------------------------
    @rule(queue=queues)
    def die_between_taking_a_message_and_noting_it(self, queue: str) -> None:
        self._pop(queue)

    @rule(queue=queues)
    def die_before_claiming(self, queue: str) -> None:
        if message := self._pop(queue):
            tag = json.loads(message)["properties"]["delivery_tag"]
            self.store.redis.hset("unacked", tag, message)
            self.store.redis.zadd("unacked_index", {tag: int(self.store.redis.time()[0])})

    @rule()
    def hand_out_again_what_was_noted(self) -> None:
        """As Celery does after its visibility timeout."""
        for tag, message in cast("dict[str, str]", self.store.redis.hgetall("unacked")).items():
            self.store.redis.rpush(json.loads(message)["properties"]["delivery_info"]["routing_key"], message)
            self.store.redis.hdel("unacked", tag)
            self.store.redis.zrem("unacked_index", tag)

    @rule(queue=queues)
    def hand_out_twice(self, queue: str) -> None:
        if message := self.store.redis.lindex(queue, -1):
            self.store.redis.rpush(queue, str(message))

    @rule(pick=picks)
    def miss_the_lease(self, pick: int) -> None:
        """The worker is stopped, or dead; where it is not, it will write when it must not."""
        if self.attempts:
            optimization_id = self.attempts[pick % len(self.attempts)].job.optimization_id
            if self.store.redis.zadd("hro:running", {optimization_id: 1}, xx=True, ch=True):
                self.store.redis.hset(f"hro:job:{optimization_id}", "lease_ms", 1)
                self.alive.discard(optimization_id)

    @rule(pick=picks)
    def die_at_work(self, pick: int) -> None:
        if self.attempts:
            self.miss_the_lease(pick)
            self.attempts.pop(pick % len(self.attempts))

    # --- what always holds -----------------------------------------------------------------------------------
    @invariant()
    def no_job_ends_twice(self) -> None:
        ends = Counter(event["optimization_id"] for event in self.store.events() if event["event_type"] in FINAL)
        assert max(ends.values(), default=0) <= 1

    @invariant()
    def a_job_of_several_ends_with_the_last_of_them(self) -> None:
        for record in (self._record(job) for job in self.jobs if job.children):
            assert record.status.is_final == all(child.status.is_final for child in record.children)

    def teardown(self) -> None:
        """When nothing goes wrong any more, every job ends, with its one final event."""
        for _ in range(100):
            while self.attempts:
                self._end(self.attempts.pop())
            self._miss_every_lease()
            self.hand_out_again_what_was_noted()
            time.sleep(0.002)  # a job is missed once its millisecond is over
            self.reconcile()
            for queue in QUEUES:
                self.begin(queue)
            if not self.attempts and not self.store.redis.exists("hro:running", *QUEUES):
                break
        records = [self._record(job) for job in self.jobs]
        assert [record.status for record in records if not record.status.is_final] == []
        events = Counter(
            (event["optimization_id"], event["event_type"] in FINAL)
            for event in self.store.events()
            if event["event_type"] != "job.started"
        )
        assert events == {(job.optimization_id, is_end): 1 for job in self.jobs for is_end in (False, True)}

    def _miss_every_lease(self) -> None:
        for optimization_id in cast("list[str]", self.store.redis.zrange("hro:running", 0, -1)):
            self.store.redis.zadd("hro:running", {optimization_id: 1})
            self.store.redis.hset(f"hro:job:{optimization_id}", "lease_ms", 1)
        self.alive.clear()

    def _end(self, attempt: Attempt) -> None:
        """Complete it: that counts if the job has not been taken from it."""
        before = self._record(attempt.job)
        is_its_own = before.status is Status.RUNNING and before.attempt == attempt.number
        try:
            self.store.attempts.complete(attempt, Report(result={}), 1)
        except FencedOutError:
            assert not is_its_own
        else:
            assert is_its_own or before.status.is_final
        if is_its_own:
            self.alive.discard(attempt.job.optimization_id)

    def _record(self, job: Job) -> JobRecord:
        return self.store.jobs.get(job.optimization_id)

    def _pop(self, queue: str) -> str:
        return str(self.store.redis.rpop(queue) or "")

    def _job(self, message: str) -> Job:
        named = json.loads(message)["headers"]["id"]
        return next(job for job in self.jobs if job.optimization_id == named)


@pytest.mark.timeout(300)
def test_each_job_ends_once_whatever_goes_wrong(store: Store) -> None:
    """Found out by trying: messages that vanish or come twice, workers that die or wake up too late."""
    run_state_machine_as_test(
        lambda: Service(store),  # type: ignore[arg-type]  # it is called without arguments, as a class would be
        settings=settings(
            max_examples=100,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
