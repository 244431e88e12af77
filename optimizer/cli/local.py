"""`hro dupes` and `hro usage`: answers about this host, without any service. Standard library only, to start fast."""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from optimizer.cli.errors import Exit
from optimizer.cli.local_progress import TerminalProgress
from optimizer.cli.local_text import duplicates_text, error_text, usage_text
from optimizer.errors import HroError
from optimizer.hashing.memory_cache import NullHashCache
from optimizer.host.clock import SystemClock
from optimizer.host.files import AnyPath, raise_open_file_limit, without_nested
from optimizer.host.meter import NoProgress
from optimizer.host.tree import ScanLog, Tree
from optimizer.paths import path_fields, printable
from optimizer.ports import Progress
from optimizer.storage.duplicates.find import find_duplicates
from optimizer.storage.usage import Usage
from optimizer.storage.usage_report import usage_json

_Json = Mapping[str, object]


class _Answer(NamedTuple):
    """What a command prints, in either form, and what went wrong on the way."""

    json: Callable[[], _Json]
    text: Callable[[], Iterable[str]]
    log: ScanLog
    changed: int = 0  #: files that were left out because they changed


def dupes(arguments: list[str]) -> int:
    """`hro dupes [--json] DIR…`: files of equal content. Returns the exit code; raises BrokenPipeError."""
    return _main("dupes", "Show files of equal content. Nothing is changed.", arguments, _find_duplicates)


def usage(arguments: list[str]) -> int:
    """`hro usage [--json] DIR…`: what uses the space. Returns the exit code; raises BrokenPipeError."""
    return _main("usage", "Show what uses the space below folders.", arguments, _measure_usage)


def _find_duplicates(trees: Sequence[Tree], progress: Progress) -> _Answer:
    report = find_duplicates(trees, NullHashCache(), progress, SystemClock())
    return _Answer(report.to_json, lambda: duplicates_text(report), report.log, report.changed_count)


def _measure_usage(trees: Sequence[Tree], progress: Progress) -> _Answer:
    found = Usage(now=SystemClock().now().timestamp())
    for tree in trees:
        found.add_tree(tree, progress)
    where = path_fields(trees[0].path) if len(trees) == 1 else {}
    by_tree = [totals.to_json() for totals in found.sums.trees]
    return _Answer(lambda: {**where, "trees": by_tree, **usage_json(found)}, lambda: usage_text(found), found.log)


def _main(
    name: str, description: str, arguments: list[str], work: Callable[[Sequence[Tree], Progress], _Answer]
) -> int:
    parser = argparse.ArgumentParser(prog=f"hro {name}", description=description)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("paths", metavar="DIR", nargs="+", help="a folder, or a single file")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:  # argparse has printed its help or what is wrong
        return int(end.code or 0)
    raise_open_file_limit()
    try:
        with ExitStack() as stack:
            trees = [stack.enter_context(tree) for tree in _open(options.paths)]
            with _progress() as progress:
                answer = work(trees, progress)
    except HroError as error:
        print(f"hro {name}: {error.message}", file=sys.stderr)
        return Exit.FAILED
    return _print(answer, as_json=options.json)


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
    progress = TerminalProgress(sys.stderr)
    try:
        yield progress
    finally:
        progress.clear()


def _print(answer: _Answer, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(answer.json()))
    else:
        _print_text(answer)
    sys.stdout.flush()  # here, so that a reader that has gone is noticed while somebody can say so
    return Exit.PARTIAL if answer.log.error_count or answer.changed else Exit.DONE


def _print_text(answer: _Answer) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding is no reason to fail
    for line in answer.text():
        print(line)
    for line in error_text(answer.log.errors, answer.log.error_count):
        print(line, file=sys.stderr)
    if answer.changed:
        print(f"{answer.changed:,} files changed meanwhile and were left out", file=sys.stderr)
