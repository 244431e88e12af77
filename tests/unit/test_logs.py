"""Log lines, ours and those of libraries; in a process of their own, as the settings of logs are a process's."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import logging, structlog
from optimizer import logs
logs.configure("INFO")
ours = structlog.get_logger("ours")
with structlog.contextvars.bound_contextvars(request_id="r1"):
    ours.info("took", status=200)
    ours.debug("unseen")
    logging.getLogger("theirs").warning("said %s", "so")
try:
    int("no number")
except ValueError:
    ours.exception("broke")
"""


def lines() -> list[dict[str, Any]]:
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in said.stderr.splitlines()]


def test_all_lines_are_json_with_what_is_bound() -> None:
    """Whoever wrote them; what is below the level is left out, and an exception is one line."""
    took, said, broke = lines()
    assert [(line["logger"], line["level"], line["message"]) for line in (took, said, broke)] == [
        ("ours", "info", "took"),
        ("theirs", "warning", "said so"),
        ("ours", "error", "broke"),
    ]
    assert (took["request_id"], said["request_id"], took["status"]) == ("r1", "r1", 200)
    assert "ValueError: invalid literal" in broke["exception"]
    assert all("timestamp" in line for line in (took, said, broke))


THREADS = """
import structlog
from concurrent.futures import ThreadPoolExecutor
from optimizer import logs
logs.configure("INFO")
ours = structlog.get_logger("ours")
def say(number):
    for length in (50, 20_000) * 20:
        ours.info("x" * length)
with ThreadPoolExecutor(16) as pool:
    list(pool.map(say, range(16)))
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_lines_of_threads_stay_whole(unbuffered: str) -> None:
    """Long ones too, whose pipe is full; containers run Python unbuffered."""
    said = subprocess.run(
        [sys.executable, "-c", THREADS],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},  # noqa: TID251 - the program needs all of it
    )
    assert sorted(len(json.loads(line)["message"]) for line in said.stderr.splitlines()) == [50] * 320 + [20_000] * 320
