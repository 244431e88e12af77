"""`hro`: the command line. Each verb's module is imported when that verb is asked for."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from optimizer.cli.errors import Exit, exit_code
from optimizer.errors import HroError

#: Verbs that take words, as they have parsers of their own: started fast, or with options that a kind names
OWN_PARSERS = {"dupes": "local:dupes", "usage": "local:usage", "plan": "change:plan"}


#: Of those, the ones that leave nothing behind which Python would have to put away at its end.
_ENDS_AT_ONCE = {"dupes", "usage"}


def run() -> NoReturn:
    """The program `hro`."""
    code = main()
    if sys.argv[1:2] and sys.argv[1] in _ENDS_AT_ONCE:
        # To take its modules apart takes Python a seventh of the time that it needs for a small tree
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


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
        return int(_load(OWN_PARSERS[words[0]])(words[1:]))
    arguments = _load("verbs:parse")(words)
    return int(_load(arguments.verb)(arguments))


def _load(verb: str) -> Callable[[Any], Any]:
    """The function `module:name` below optimizer.cli.

    Imported only now: `hro dupes` and `hro usage` need nothing but the standard library, and are done before a
    library for servers is even read.
    """
    module, _, name = verb.partition(":")
    function: Callable[[Any], Any] = getattr(import_module(f"optimizer.cli.{module}"), name)
    return function


if __name__ == "__main__":
    run()
