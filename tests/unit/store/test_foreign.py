"""Messages of other services."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.jobs import MOST_DELAY
from optimizer.kinds import Scope
from optimizer.store.foreign import ForeignTask, UnreadableMessageError, read_message, refusal, to_job
from optimizer.store.message import build_message
from optimizer.store.records import from_fields, to_fields
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.submitted import new_job

LOOKING = (Scope.READ, Scope.PLAN)


def task(kind: str = "analyze_cpu", *args: object, eta: object = None, **kwargs: object) -> ForeignTask:
    return ForeignTask(task_id="id-1", task=f"optimizer.{kind}", args=args, kwargs=kwargs, eta=eta)


def refused(foreign: ForeignTask, allowed: tuple[Scope, ...] = LOOKING) -> str | None:
    error = refusal(foreign, to_job(foreign, "here", FakeClock()), allowed)
    return error.code if error else None


def test_a_celery_message_is_read() -> None:
    """Id, task and keyword arguments, as a stock client writes them."""
    job = new_job("analyze_storage", path="/srv")
    found = read_message(build_message(job))
    assert (found.task_id, found.task, found.kwargs) == (
        job.optimization_id, "optimizer.analyze_storage", {"path": "/srv"}
    )  # fmt: skip


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_else_lies_on_the_queue_is_called_unreadable(text: str) -> None:
    """It is never a crash of the keeper."""
    with pytest.raises(UnreadableMessageError):
        read_message(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [("task", "evil.task"), ("task", 7), ("task", None), ("id", ""), ("id", "a b"), ("id", 7), ("id", "x" * 200)],
)
def test_a_message_of_nothing_of_ours_is_unreadable(field: str, value: object) -> None:
    """An unknown task or an id that could not be an address."""
    message = json.loads(build_message(new_job()))
    message["headers"][field] = value
    with pytest.raises(UnreadableMessageError):
        read_message(json.dumps(message))


@pytest.mark.parametrize(
    "body",
    [
        "[[], [[1, 2]], {}]",
        "[[], [[null, 3]], {}]",
        '[[], ["ab"], {}]',
        '[[], {"x": NaN}, {}]',
        '[[], {"x": -Infinity}, {}]',
        '[[], {"x": 1e999}, {}]',
        '[[], {"x": ' + 900 * "[" + 900 * "]" + "}, {}]",
        "[" + 900 * "[" + 900 * "]" + ", {}, {}]",
    ],
)
def test_arguments_that_no_record_could_hold_make_no_job(body: str) -> None:
    """Neither keys that are no text, numbers that no client could read back, nor what is nested beyond all sense."""
    message = json.loads(build_message(new_job()))
    message["body"], message["properties"]["body_encoding"] = body, "utf-8"
    with pytest.raises(UnreadableMessageError):
        read_message(json.dumps(message))


def test_a_task_that_only_looks_may_run_unsigned() -> None:
    """So may the dry run of a change."""
    assert refused(task("analyze_cpu")) is None
    assert refused(task("optimize_memory", dry_run=True)) is None


def test_a_change_may_not_unless_it_is_allowed() -> None:
    """Writing to the broker is no authority by itself."""
    assert refused(task("optimize_memory")) == "unsigned_job"
    assert refused(task("optimize_memory"), (*LOOKING, Scope.APPLY)) is None


@pytest.mark.parametrize(
    "foreign",
    [
        task("analyze_storage"),
        task("analyze_storage", "/srv"),
        task("analyze_cpu", surprise=1),
        task("optimize_memory", dry_run="yes"),
        task("analyze_cpu", eta="tomorrow"),
        task("analyze_cpu", eta=7),
        task("analyze_cpu", eta="9999-12-31T23:59:59-12:00"),
        task("analyze_cpu", host=["a", "b"]),
        task("analyze_cpu", host="a b"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(foreign: ForeignTask) -> None:
    """With a record that says so; nothing of a message is ignored."""
    assert refused(foreign) == "invalid_request"


def test_a_task_goes_to_the_host_that_it_names() -> None:
    """Else to the default one; the host is no option of the kind."""
    named = to_job(task("analyze_cpu", host="there"), "here", FakeClock())
    assert (named.host, named.options, to_job(task(), "here", FakeClock()).host) == ("there", {}, "here")


@pytest.mark.parametrize(
    ("eta", "due"),
    [
        (None, None),
        ("2026-01-30T00:00:00+00:00", datetime(2026, 1, 30, tzinfo=UTC)),
        ("2026-01-30T02:00:00.5+02:00", datetime(2026, 1, 30, 0, 0, 0, 500_000, UTC)),
        ("2026-01-30T00:00:00", datetime(2026, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_task_may_be_due_later(eta: str | None, due: datetime | None) -> None:
    """At the moment that Celery's eta names, which is in UTC where it does not say."""
    assert to_job(task(eta=eta), "here", FakeClock()).due_at == due
    assert refused(task(eta=eta)) is None


@pytest.mark.parametrize(
    ("delay", "code"),
    [(MOST_DELAY, None), (MOST_DELAY + timedelta(seconds=1), "delay_too_long"), (-MOST_DELAY * 99, None)],
)
def test_a_task_may_not_be_due_long_after_all_else_is_forgotten(delay: timedelta, code: str | None) -> None:
    """A past moment is as good as now; what is refused says how late it may be."""
    foreign = task(eta=(NOON + delay).isoformat())
    assert refused(foreign) == code
    assert refused(task(eta="8999-12-31T00:00:00+00:00")) == "delay_too_long"


@given(st.text() | st.datetimes(timezones=st.none() | st.timezones()).map(datetime.isoformat))
def test_whatever_eta_is_given_the_store_can_keep_it_or_it_is_refused(eta: str) -> None:
    """No message of somebody else makes a record that cannot be read."""
    foreign = task(eta=eta)
    if refused(foreign) is None:
        job = to_job(foreign, "here", FakeClock())
        from_fields(to_fields(job, "") | {"status": "queued", "attempt": "0", "version": "1"})
