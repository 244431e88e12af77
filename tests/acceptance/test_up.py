"""`hro up` as somebody runs it who wants to keep it."""

import re
import signal
import stat
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import psutil

from optimizer.cli.client import Client
from optimizer.cli.errors import RequestFailedError
from tests.processes import Command, eventually, hro


def greeting(up: Command) -> str:
    """What it says until it serves."""
    assert up.process.stdout is not None
    shown = ""
    while not shown.endswith("Ctrl-C\n"):
        line = up.process.stdout.readline()
        assert line, shown
        shown += line
    return shown


def plans(client: Client) -> bool:
    """Whether a dry run is taken and done."""
    try:
        client.finished(client.post("/optimize/memory", {"dry_run": True}), lambda _record: None)
    except RequestFailedError:  # while Redis is away
        return False
    return True


def missed_and_counted(client: Client, times: int) -> float:
    """Ask for a job that is not there, each time over a connection of its own, and say how many were counted."""
    for _ in range(times):
        with suppress(RequestFailedError):
            client.get("/optimizations/0")
    with urlopen(f"{client.address}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    series = 'hardware_optimizer_requests_total{endpoint="/optimizations/<optimization_id>",status="404"}'
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))


def test_it_serves_until_ctrl_c(tmp_path: Path) -> None:
    """It shows its address and a key that works, holds its state folder alone, and ends with 0 and no process left."""
    state = tmp_path / "state"
    up = hro("up", HRO_STATE_DIR=str(state), HRO_PORT="0", HRO_FLOWER_PORT="0")
    shown = greeting(up)
    (address,) = re.findall(r"^Address +(\S+)", shown, re.MULTILINE)
    (key,) = re.findall(r"^  (hro_\S+)$", shown, re.MULTILINE)
    assert Client(address, key).get("/health").body["dependencies"]["workers"] == "healthy"
    assert Client(address).get("/analyze/storage", path="/tmp").status in (200, 202)  # a scan root unless it is said
    assert missed_and_counted(Client(address, key), 20) == 20
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


def test_a_part_that_ends_is_started_again(tmp_path: Path) -> None:
    """A killed worker and a killed Redis come back, which is said; jobs are done again, and Ctrl-C ends all of it."""
    up = hro("up", HRO_STATE_DIR=str(tmp_path / "state"), HRO_PORT="0", HRO_FLOWER_PORT="0")
    try:
        (address,) = re.findall(r"^Address +(\S+)", greeting(up), re.MULTILINE)
        started = psutil.Process(up.process.pid).children(recursive=True)
        for name, sign in {"worker-memory": "memory@", "redis": "redis-server"}.items():
            victim = next(process for process in started if any(sign in part for part in process.cmdline()))
            victim.send_signal(signal.SIGKILL)
            assert up.process.stderr is not None
            said = up.process.stderr.readline()
            assert said.startswith(f"hro: {name} ended by signal SIGKILL; starting it again in 1 s. Its log: "), said
        assert eventually(lambda: plans(Client(address)), 60)
    finally:
        up.process.send_signal(signal.SIGINT)
        code, rest, _ = up.end()
    assert (code, rest.split()) == (0, ["Stopping", "…", "Stopped."])
    assert up.left_behind() == []
