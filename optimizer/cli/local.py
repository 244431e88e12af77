"""`hro dupes` and `hro usage`: answers about this host, without any service.

Standard library only, and of that no more than it takes: a small tree is searched in less time than Python needs to
import what it does not use.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from itertools import chain
from typing import cast

from optimizer.cli.errors import Exit
from optimizer.cli.local_answer import Answer
from optimizer.cli.local_options import Options, parse
from optimizer.errors import HroError
from optimizer.host.files import AnyPath, raise_open_file_limit, without_nested
from optimizer.host.meter import NoProgress
from optimizer.host.tree import Tree
from optimizer.paths import printable
from optimizer.ports import Progress


def dupes(words: list[str]) -> int:
    """`hro dupes [--json] [--no-digest] DIR…`: files of equal content.

    Returns the exit code; raises BrokenPipeError.
    """
    return _main("dupes", words)


def usage(words: list[str]) -> int:
    """`hro usage [--json] DIR…`: what uses the space. Returns the exit code; raises BrokenPipeError."""
    return _main("usage", words)


def _main(verb: str, words: list[str]) -> int:
    try:
        options = parse(verb, words)
    except SystemExit as end:  # argparse has printed its help or what is wrong
        return int(end.code or 0)
    raise_open_file_limit()
    try:
        answer = _answer(verb, options)
    except HroError as error:
        print(f"hro {verb}: {error.message}", file=sys.stderr)
        return Exit.FAILED
    _print(answer, as_json="--json" in options.given)
    return Exit.PARTIAL if answer.log.error_count or answer.changed else Exit.DONE


def _answer(verb: str, options: Options) -> Answer:
    with ExitStack() as stack:
        trees = [stack.enter_context(tree) for tree in _open(options.paths)]
        with _progress() as progress:
            answer: Answer = import_module(f"optimizer.cli.local_{verb}").answer(trees, progress, options)
            return answer


def _open(arguments: Sequence[str]) -> Iterator[Tree]:
    """The folders that were asked for, each once, though one may lie inside another."""
    paths = [os.fsencode(argument) for argument in arguments]
    opener = AnyPath()
    kept = without_nested({path: os.path.realpath(path) for path in paths})
    for path in paths:
        tree = Tree.open(path, opener)
        if path in kept:
            yield tree
        else:
            tree.close()
            print(f"hro: {printable(path)} lies inside another one and is counted there", file=sys.stderr)


@contextmanager
def _progress() -> Iterator[Progress]:
    """On standard error, if somebody can see it there."""
    if not sys.stderr.isatty():
        yield NoProgress()
        return
    from optimizer.cli.local_progress import TerminalProgress  # noqa: PLC0415 - only people see it

    progress = TerminalProgress(sys.stderr)
    try:
        yield progress
    finally:
        progress.clear()


def _print(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.flush()
        # One by one: there may be more than should be in memory
        sys.stdout.buffer.writelines(chain(cast("Iterable[bytes]", answer.told), (b"\n",)))
    else:
        from optimizer.cli.local_text import print_text  # noqa: PLC0415 - not needed for JSON, which has to be fast

        print_text(answer)
    sys.stdout.flush()  # here, so that a reader that has gone is noticed while somebody can say so
