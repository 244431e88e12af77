"""`hro audit verify` and `hro quarantine`: what the journal of this host says, without a service."""

import argparse
import json

from optimizer import bootstrap
from optimizer import settings as configuration
from optimizer.cli.errors import Exit
from optimizer.host.journal import Entry, Journal, State
from optimizer.paths import exact, printable


def verify(_arguments: argparse.Namespace) -> int:
    """Exit 1 where a row of the journal was changed, taken out or put in."""
    found = _journal().verify()
    if found.broken_at is not None:
        print(f"Row {found.broken_at} does not follow from the row before: the journal was changed.")
        return Exit.FAILED
    print(f"{found.rows} rows, each chained to the one before. The last hash, to be kept elsewhere:\n{found.head}")
    return Exit.DONE


def quarantine(arguments: argparse.Namespace) -> int:
    entries = _journal().in_state(State.QUARANTINED)
    if arguments.json:
        print(json.dumps([_row(entry) for entry in entries]))
    else:
        for entry in entries:
            path = printable(exact(entry.facts["target"]))
            print(f"{entry.optimization_id}  {entry.number:>5}  {entry.at[:19]}  {path}")
    return Exit.DONE


def _row(entry: Entry) -> dict[str, object]:
    target = {name: value for name, value in entry.facts["target"].items() if name != "root"}
    return {
        "optimization_id": entry.optimization_id,
        "number": entry.number,
        "since": entry.at,
        "allocated_bytes": entry.facts["allocated_bytes"],
        **target,
    }


def _journal() -> Journal:
    return bootstrap.open_journal(configuration.load())
