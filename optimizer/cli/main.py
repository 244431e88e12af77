"""`hro`: the command line. It names the verbs; each verb's module is imported when that verb is asked for."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from optimizer.cli.errors import Exit, exit_code
from optimizer.errors import HroError

#: What needs no service and no library.
LOCAL = {
    "dupes": "Show files of equal content below folders, without any service",
    "usage": "Show what uses the space below folders, without any service",
}

#: Verbs that take words, as they have parsers of their own: started fast, or with options that a kind names
OWN_PARSERS = {**{name: f"local:{name}" for name in LOCAL}, "plan": "change:plan"}

#: As in kinds.Resource, which cannot be imported here: see _load(). A test compares the two.
RESOURCES = ("memory", "cpu", "storage", "hashing", "docker")


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except HroError as error:
        print(f"hro: {error.message}", file=sys.stderr)
        return exit_code(error)
    except BrokenPipeError:  # `hro … | head`: the reader has gone, and Python would say so once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"hro: {where}{error.strerror or error}", file=sys.stderr)
        return Exit.FAILED
    except KeyboardInterrupt:
        return 128 + 2  # as a shell says of a program that SIGINT ended


def _run(words: list[str]) -> int:
    if words and words[0] in OWN_PARSERS:
        return _load(OWN_PARSERS[words[0]])(words[1:])
    arguments = _parser().parse_args(words)
    return _load(arguments.verb)(arguments)


def _load(verb: str) -> Callable[[Any], int]:
    """The function `module:name` below optimizer.cli.

    Imported only now: `hro dupes` and `hro usage` need nothing but the standard library, and are done before a
    library for servers is even read.
    """
    module, _, name = verb.partition(":")
    function: Callable[[Any], int] = getattr(import_module(f"optimizer.cli.{module}"), name)
    return function


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


if __name__ == "__main__":
    sys.exit(main())
