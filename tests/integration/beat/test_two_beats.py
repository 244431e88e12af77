"""Two beats with the same schedules, on a real Redis."""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
import redis

from optimizer import settings as configuration
from optimizer.cli.commands import FOLDER, beat_command
from optimizer.cli.stack.supervisor import Program, Supervisor

SCHEDULES = """
[often]
kind = "analyze_cpu"
every = "2s"
"""
BEATS = ("first", "second")
#: Ticks to wait for, of two seconds each
_TICKS = 4


@dataclass(frozen=True)
class Ticked:
    jobs: list[str]  #: ids in the order in which they were taken
    lines: list[dict[str, str]]  #: what each beat logged of each of its ticks


@pytest.fixture(scope="module")
def ticked(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Ticked:
    """What two beats did for a few ticks."""
    folder = tmp_path_factory.mktemp("beats")
    (folder / "schedules.toml").write_text(SCHEDULES)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.flushdb()
        with Supervisor(folder / "logs") as supervisor:
            supervisor.start(*(_beat(redis_url, folder, name) for name in BEATS))
            while client.xlen("hro:outbox") < _TICKS:
                supervisor.check()
                time.sleep(0.1)
            time.sleep(1)  # for the other beat's turn at the last tick
        queued = cast("list[tuple[str, dict[str, str]]]", client.xrange("hro:outbox"))
    return Ticked(
        jobs=[fields["optimization_id"] for _, fields in queued],
        lines=[line for name in BEATS for line in _ticks(folder / "logs" / f"{name}.log")],
    )


def test_each_tick_of_two_beats_is_one_job(ticked: Ticked) -> None:
    """Both submit it, under one id."""
    assert len(set(ticked.jobs)) == len(ticked.jobs) == len({line["due"] for line in ticked.lines})


def test_no_tick_is_left_out(ticked: Ticked) -> None:
    """One follows the other, two seconds later."""
    due = sorted({datetime.fromisoformat(line["due"]) for line in ticked.lines})
    assert {later - earlier for earlier, later in pairwise(due)} == {timedelta(seconds=2)}


def test_both_beats_were_at_work(ticked: Ticked) -> None:
    """Else the tests above would prove nothing: some ticks had one that came first and one that came second."""
    assert {line["outcome"] for line in ticked.lines} == {"new", "same"}


def _beat(redis_url: str, folder: Path, name: str) -> Program:
    environment = configuration.child_environment(
        {
            "HRO_HOST": "here",
            "HRO_REDIS_URL": redis_url,
            "HRO_SCHEDULES": str(folder / "schedules.toml"),
            "HRO_STATE_DIR": str(folder / name),
        },
        inherit=False,
    )
    (folder / name).mkdir()
    command = beat_command(configuration.load(environment))
    return Program(name=name, command=tuple(command), environment=environment, folder=Path(FOLDER))


def _ticks(log: Path) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["message"] == "tick"]
