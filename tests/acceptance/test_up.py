"""`hro up` as somebody runs it who wants to keep it."""

import re
import signal
import stat
from pathlib import Path

from optimizer.cli.client import Client
from tests.processes import hro


def test_it_serves_until_ctrl_c(tmp_path: Path) -> None:
    """It shows its address and a key that works, holds its state folder alone, and ends with 0 and no process left."""
    state = tmp_path / "state"
    up = hro("up", HRO_STATE_DIR=str(state), HRO_PORT="0", HRO_FLOWER_PORT="0")
    assert up.process.stdout is not None
    shown = ""
    while not shown.endswith("Ctrl-C\n"):
        line = up.process.stdout.readline()
        assert line, shown
        shown += line
    (address,) = re.findall(r"^Address +(\S+)", shown, re.MULTILINE)
    (key,) = re.findall(r"^  (hro_\S+)$", shown, re.MULTILINE)
    assert Client(address, key).get("/health").body["dependencies"]["workers"] == "healthy"
    assert Client(address).get("/analyze/storage", path="/tmp").status in (200, 202)  # a scan root unless it is said
    assert {path.name for path in state.iterdir()} >= {"api-keys.json", "signing-key", "redis", "logs"}
    assert key not in (state / "api-keys.json").read_text()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700

    code, _, said = hro("up", HRO_STATE_DIR=str(state), HRO_PORT="0", HRO_FLOWER_PORT="0").end()
    assert code == 4
    assert f"{state} is used by another `hro up`" in said

    up.process.send_signal(signal.SIGINT)
    code, rest, _ = up.end()
    assert (code, rest.split()) == (0, ["Stopping", "…", "Stopped."])
    assert up.left_behind() == []
