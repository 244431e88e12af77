"""Gathers what a run left behind: over HTTP, from the journal and the filesystem of the host, from logs."""

import gzip
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.chaos.client import Client
from benchmarks.chaos.evidence import Begun, Evidence, Heard, Record, Row, Step
from benchmarks.chaos.ledger import Ledger
from benchmarks.chaos.naps import BEGUN, IN_DOUBT
from benchmarks.chaos.stories import ARCHIVE
from optimizer.host.walk import QUARANTINE

_RESCUED = "hardware_optimizer_jobs_rescued"


def collect(client: Client, ledger: Ledger, heard: Sequence[Heard], *, data: Path, state: Path, logs: Path) -> Evidence:
    """Everything, once the service is at rest."""
    lines = list(log_lines(logs))
    return Evidence(
        accepted=frozenset(ledger.accepted),
        records=records(client, ledger),
        heard=tuple(heard),
        begun=tuple(Begun(line["optimization_id"], line["attempt"]) for line in lines if line["message"] == BEGUN),
        steps=tuple(_steps(state / "journal.db")),
        rows=tuple(_rows(state / "journal.db")),
        written=dict(ledger.files),
        in_place={path: _digest(Path(path).read_bytes()) for path in ledger.files if Path(path).exists()},
        compressed={path: _unpacked_digest(path) for path in ledger.files if Path(path + ARCHIVE).exists()},
        in_quarantine={
            (path.parent.name, int(path.name)): _digest(path.read_bytes()) for path in (data / QUARANTINE).glob("*/*")
        },
    )


def records(client: Client, ledger: Ledger) -> dict[str, Record]:
    """Of every job that was accepted, and of those that the service has besides: children, schedules' ticks."""
    found = (client.record(job) for job in ledger.accepted | set(client.listed()))
    return {body["optimization_id"]: Record.of(body) for body in found if body}


def counters(client: Client, logs: Path) -> dict[str, int]:
    """How often something was put right that had gone wrong, by what it was."""
    text = client.call("GET", "/metrics").text
    rescued = {
        sample.labels["reason"].replace("_", " "): int(sample.value)
        for family in text_string_to_metric_families(text)
        if family.name == _RESCUED
        for sample in family.samples
    }
    doubts = {(line["of"], line["number"], line["state"]) for line in log_lines(logs) if line["message"] == IN_DOUBT}
    return {**rescued, "actions found in doubt": len(doubts)}


def repaired_at(heard: Sequence[Heard], logs: Path) -> dict[str, list[float]]:
    """When something was put right, in seconds since 1970, by what it was."""
    logged = {"lease over": "lease_over", "message lost": "messages_restored", "found in doubt": IN_DOUBT}
    lines = [(line["message"], line["timestamp"]) for line in log_lines(logs) if "timestamp" in line]
    return {
        "further attempts": [event.at for event in heard if (event.attempt or 0) > 1],
        **{
            name: [datetime.fromisoformat(at).timestamp() for message, at in lines if message == wanted]
            for name, wanted in logged.items()
        },
    }


def log_lines(logs: Path) -> Iterator[dict[str, Any]]:
    """Every line that a program of ours has logged; a killed one may have left half a line."""
    for log in sorted(logs.glob("*.log")):
        for text in log.read_text(errors="replace").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and "message" in line:
                yield line


def _steps(journal: Path) -> Iterator[Step]:
    yield from (
        Step(*row) for row in _query(journal, "SELECT optimization_id, number, step FROM audit ORDER BY sequence")
    )


def _rows(journal: Path) -> Iterator[Row]:
    for job, number, state, facts in _query(journal, "SELECT optimization_id, number, state, facts FROM actions"):
        known = json.loads(facts)
        yield Row(job, number, state, known["target"]["path"], known.get("by"))


def _query(journal: Path, query: str) -> list[tuple[Any, ...]]:
    if not journal.exists():  # no job has changed anything
        return []
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def _unpacked_digest(path: str) -> str:
    try:
        return _digest(gzip.decompress(Path(path + ARCHIVE).read_bytes()))
    except (EOFError, OSError) as error:
        return f"cannot be unpacked: {error}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
