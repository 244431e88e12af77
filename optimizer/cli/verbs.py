"""The verbs of `hro`, and what each of them may be given."""

import argparse
from collections.abc import Sequence
from pathlib import Path

#: What needs no service and no library. They have parsers of their own, to start fast, and are only named here.
LOCAL = {
    "dupes": "Show files of equal content below folders, without any service",
    "usage": "Show what uses the space below folders, without any service",
}

#: As in kinds.Resource, which is not imported here: it takes longer than to parse. A test compares the two.
RESOURCES = ("memory", "cpu", "storage", "hashing", "docker")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """`verb` is the function that does it, as main._load takes it. Raises SystemExit."""
    return _parser().parse_args(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hro", description="Finds and safely reclaims what a host wastes.")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    def verb(name: str, run: str, help_: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=help_, description=help_)
        added.set_defaults(verb=run)
        return added

    for name, help_ in LOCAL.items():
        verb(name, f"local:{name}", help_)
    verb("plan", "change:plan", "Show what would reclaim space on this host, without any service")
    for name, help_ in (
        ("apply", "Do exactly what a plan of hro plan says"),
        ("undo", "Bring back what a job changed on this host"),
        ("purge", "Delete for good what a job moved into quarantine on this host"),
    ):
        change = verb(name, f"change:{name}", help_)
        change.add_argument("id", metavar="ID", help="the optimization_id")
        change.add_argument("--json", action="store_true", help="for programs")
        if name != "apply":
            change.add_argument("--item", type=int, action="append", help="the number of an action; all, if left out")
    up = verb("up", "up:run", "Run the whole service here, until Ctrl-C")
    demo = verb(
        "demo", "demo:run", "Show on a folder what the service finds, with a service of its own; changes nothing"
    )
    demo.add_argument("folder", metavar="DIR", nargs="?", default="/usr/share", help="default: %(default)s")
    for stack in (up, demo):
        stack.add_argument("--yes", action="store_true", help="install a missing Redis through sudo without asking")

    verb("api", "serve:api", "Run the HTTP API alone")
    worker = verb("worker", "serve:worker", "Run the worker of a resource alone")
    worker.add_argument("resource", choices=RESOURCES)
    verb("keeper", "serve:keeper", "Run the keeper alone: events to RabbitMQ, tasks of other services, counters")
    verb("beat", "serve:beat", "Run the schedules alone")
    verb("flower", "serve:flower", "Run Flower, Celery's dashboard, alone")
    listed = verb("quarantine", "audit:quarantine", "List what waits in quarantine on this host")
    listed.add_argument("--json", action="store_true", help="for programs")
    audit = verbs.add_parser("audit", help="Look at the journal of this host", description="Look at the journal")
    checked = audit.add_subparsers(title="verbs", metavar="VERB", required=True).add_parser(
        "verify", help="Follow its chain"
    )
    checked.set_defaults(verb="audit:verify")
    init = verb("init", "init:run", "Make the secrets of a stack of containers, where they are missing")
    init.add_argument(
        "folder", metavar="FOLDER", type=Path, help="has a folder for each of the stack's volumes of secrets"
    )
    init.add_argument("--address", default="http://127.0.0.1:11110", help="printed with the key; default: %(default)s")
    _add_key(verbs)
    return parser


def _add_key(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    key = verbs.add_parser("key", help="Make API keys", description="Make API keys")
    new = key.add_subparsers(title="verbs", metavar="VERB", required=True).add_parser("new", help="Make an API key")
    new.set_defaults(verb="keys:new")
    new.add_argument("--scopes", default="read,plan", help="of read, plan, apply and admin; default: %(default)s")
    new.add_argument("--file", type=Path, help="where its SHA-256 is added; default: api-keys.json in HRO_STATE_DIR")
