"""When beat's ticks are due."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from celery.schedules import crontab
from hypothesis import given
from hypothesis import strategies as st

from optimizer.schedules import parse
from tests import strategies
from workers.schedule import Aligned, latest_due, to_celery

NOW = datetime(2026, 1, 2, 12, 34, 56, tzinfo=UTC)


def test_a_schedule_is_what_its_file_says() -> None:
    """An interval that every beat counts alike, or a crontab."""
    every, cron = parse('[a]\nkind = "analyze_cpu"\nevery = "2h"\n[b]\nkind = "analyze_cpu"\ncron = "5 4 * * *"')
    assert (to_celery(every), to_celery(cron)) == (Aligned(7200), crontab(minute="5", hour="4"))


@pytest.mark.parametrize("when", [Aligned(3600), crontab(minute="0")])
@pytest.mark.parametrize("missed", [timedelta(minutes=35), timedelta(hours=3), timedelta(days=20)])
def test_however_many_ticks_were_missed_the_latest_is_due(when: Aligned | crontab, missed: timedelta) -> None:
    """Two beats that woke up at different times mean the same tick."""
    assert latest_due(when, NOW - missed, NOW) == datetime(2026, 1, 2, 12, tzinfo=UTC)


@given(st.integers(1, 10**6), strategies.moments)
def test_ticks_of_an_interval_are_the_same_for_every_beat(seconds: int, moment: datetime) -> None:
    """They are counted from 1970, not from when a beat was started."""
    tick = Aligned(seconds).tick_after(moment)
    assert tick > moment
    assert tick.timestamp() % seconds == 0
    assert (tick - moment).total_seconds() <= seconds


def test_an_interval_survives_the_state_file() -> None:
    """Beat keeps its entries in a shelve."""
    assert pickle.loads(pickle.dumps(Aligned(300))).seconds == 300
