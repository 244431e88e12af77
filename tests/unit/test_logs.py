"""Log lines, ours and those of libraries; in a process of their own, as the settings of logs are a process's."""

import json
import subprocess
import sys
from typing import Any

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
