"""Our figures beside those of `docker system df`, on a real engine: the one that DOCKER_HOST names."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from optimizer.docker.engine import engine_state, read_disk_usage
from optimizer.docker.usage import Usage, disk_usage

ROWS = {"Images": "images", "Containers": "containers", "Local Volumes": "volumes", "Build Cache": "build_cache"}


@pytest.fixture(scope="module")
def url() -> str:
    found = os.environ.get("DOCKER_HOST", "")  # noqa: TID251 - as the docker CLI is told it
    state = engine_state(found)
    if state.state != "healthy":
        pytest.fail(f"these tests need a Docker engine: {state.reason}")
    return found


def cli_rows() -> Mapping[str, Mapping[str, Any]]:
    """What the CLI shows, by row."""
    program = ["docker", "system", "df", "--format", "{{json .}}"]
    lines = subprocess.run(program, check=True, capture_output=True, text=True).stdout.splitlines()
    return {ROWS[row["Type"]]: row for row in map(json.loads, lines)}


def human(size: int) -> str:
    """As the CLI rounds: four digits, in powers of 1000."""
    number, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number, units = number / 1000, units[1:]
    return f"{number:.4g}{units[0]}"


def both(url: str, name: str) -> tuple[Usage, Mapping[str, Any]]:
    """Our figures and the CLI's of the same moment: volumes grow while the stack of the other tests runs."""
    for _ in range(50):
        before = cli_rows()[name]
        ours: Usage = getattr(disk_usage(read_disk_usage(url)), name)
        if cli_rows()[name] == before:
            return ours, before
    pytest.fail(f"the figures of {name} never stood still")


@pytest.mark.parametrize("name", list(ROWS.values()))
def test_each_row_is_that_of_the_cli(url: str, name: str) -> None:
    """Counts and sizes are equal; what can be reclaimed is one of our two figures, by the CLI's version."""
    ours, theirs = both(url, name)
    assert str(ours.count) == theirs["TotalCount"]
    assert str(ours.active_count) == theirs["Active"]
    assert human(ours.total_bytes) == theirs["Size"]
    assert theirs["Reclaimable"].split()[0] in {human(ours.reclaimable_bytes), human(ours.reclaimable_at_most_bytes)}
