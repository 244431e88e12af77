"""The Docker SDK against an engine on a unix socket that works, fails, hangs, or is not there."""

import json
import socket
from pathlib import Path

import pytest

from optimizer import runner
from optimizer.docker.analyze import analyze_docker
from optimizer.docker.engine import EngineError, engine_state, read_disk_usage
from optimizer.docker.optimize import optimize_docker
from optimizer.docker.state import EngineState
from optimizer.values import JsonObject
from tests.fakes.clock import FakeClock
from tests.fakes.docker_engine import GIB, LEGACY, MIB, engine
from tests.fakes.job import Listening, job


def analyzed(url: str) -> JsonObject:
    report = runner.run(job("analyze_docker"), analyze_docker(url), Listening(), FakeClock())
    json.dumps(dict(report.result))  # as it crosses HTTP
    return report.result


def test_an_engine_is_analyzed(tmp_path: Path) -> None:
    """Version, rows and sums."""
    with engine(tmp_path) as url:
        found = analyzed(url)
    assert found["docker_available"] is True
    assert found["server_version"] == "28.2.2"
    assert found["volumes"]["reclaimable_bytes"] == GIB
    assert found["reclaimable_bytes"] == (400 + 3 + 60) * MIB + GIB


def test_an_engine_that_answers_is_healthy(tmp_path: Path) -> None:
    """With its version."""
    with engine(tmp_path) as url:
        assert engine_state(url) == EngineState(state="healthy", server_version="28.2.2")


def test_an_engine_that_fails_is_told_with_its_own_words(tmp_path: Path) -> None:
    """The message in its answer is the reason."""
    with engine(tmp_path, {"message": "a disk usage operation is already running"}, status=409) as url:
        found = analyzed(url)
    assert found == {
        "docker_available": False,
        "engine": "unhealthy",
        "reason": "a disk usage operation is already running",
    }


def test_an_answer_of_another_form_is_an_error(tmp_path: Path) -> None:
    """Something else than an engine may listen at the address."""
    with engine(tmp_path, [1, 2]) as url, pytest.raises(EngineError, match="not a Docker engine"):
        read_disk_usage(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("unix:///nowhere/docker.sock", "No such file or directory"),
        ("tcp://127.0.0.1:1", "Connection refused"),
        ("gopher://host", "Invalid bind address protocol: gopher://host"),
        ("ssh://host", "Install paramiko package to enable ssh:// support"),
    ],
)
def test_an_engine_that_is_away_is_a_result(url: str, reason: str) -> None:
    """Analysis says so and why; it does not fail."""
    assert analyzed(url) == {"docker_available": False, "engine": "unhealthy", "reason": reason}


def test_a_host_without_docker_is_unavailable(tmp_path: Path) -> None:
    """Nothing is configured and there is no socket: that is no fault of any engine."""
    found = engine_state("", usual=tmp_path / "docker.sock")
    assert found.state == "unavailable"
    assert str(tmp_path) in found.reason


def test_the_socket_of_the_host_is_the_default(tmp_path: Path) -> None:
    """No setting is needed where the engine is at its usual place."""
    with engine(tmp_path):
        assert engine_state("", usual=tmp_path / "docker.sock").state == "healthy"


def test_an_engine_that_hangs_is_given_up(tmp_path: Path) -> None:
    """It takes connections and says nothing."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        found = engine_state(f"unix://{path}", timeout_seconds=1)
    assert found == EngineState(state="unhealthy", reason="timed out")


def test_optimizing_asks_and_changes_nothing(tmp_path: Path) -> None:
    """The receipt says what is not done yet."""
    with engine(tmp_path, LEGACY) as url:
        report = runner.run(job("optimize_docker"), optimize_docker(url), Listening(), FakeClock())
    assert report.result["containers_removed"] == report.result["images_removed"] == 0
    assert report.result["verdict"] == "nothing_to_do"
    assert "removes nothing" in report.result["notes"][0]
