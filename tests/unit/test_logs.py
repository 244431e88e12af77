"""Log lines, ours and those of libraries."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from optimizer import logs


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    """For these tests alone."""
    handlers, level = logging.root.handlers[:], logging.root.level
    logs.configure("INFO")
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_all_lines_are_json_with_what_is_bound(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever wrote them; what is below the level is left out."""
    ours = structlog.get_logger("ours")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        ours.info("took", status=200)
        ours.debug("unseen")
        logging.getLogger("theirs").warning("said %s", "so")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["logger"], line["level"], line["message"], line["request_id"]) for line in lines] == [
        ("ours", "info", "took", "r1"),
        ("theirs", "warning", "said so", "r1"),
    ]
    assert (lines[0]["status"], "timestamp" in lines[0]) == (200, True)


def test_an_exception_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With its trace in it."""
    try:
        int("of this test")
    except ValueError:
        structlog.get_logger("broken").exception("broke")
    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError: invalid literal" in json.loads(line)["exception"]
