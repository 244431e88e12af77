"""`hro dupes` and `hro usage`: answers about this host, without any service. Standard library only, to start fast."""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from optimizer.cli.errors import Exit
from optimizer.cli.local_progress import TerminalProgress
from optimizer.cli.local_text import duplicates_text, error_text, usage_text
from optimizer.errors import HroError
from optimizer.host.clock import SystemClock
from optimizer.host.files import AnyPath, raise_open_file_limit, without_nested
from optimizer.host.meter import NoProgress
from optimizer.host.tree import ScanLog, Tree
from optimizer.paths import path_fields, printable
from optimizer.ports import Progress
from optimizer.storage.duplicates.find import find, find_without_cache, report_of
from optimizer.storage.duplicates.group_json import answer_json, group_json
from optimizer.storage.usage import measure_usage
from optimizer.storage.usage_report import usage_json


class _Answer(NamedTuple):
    """What a command prints, and what went wrong on the way."""

    lines: Iterable[str]  #: for people
    json: Iterable[bytes]  #: pieces
    log: ScanLog
    changed: int = 0  #: files that were left out because they changed


def dupes(arguments: list[str]) -> int:
    """`hro dupes [--json] [--no-digest] DIR…`: files of equal content.

    Returns the exit code; raises BrokenPipeError.
    """
    parser = _parser("dupes", "Show files of equal content. Nothing is changed.")
    parser.add_argument("--no-digest", action="store_true", help="no SHA-256 of files above 16 KiB, which is faster")
    return _main(parser, arguments, _find_duplicates)


def usage(arguments: list[str]) -> int:
    """`hro usage [--json] DIR…`: what uses the space. Returns the exit code; raises BrokenPipeError."""
    return _main(_parser("usage", "Show what uses the space below folders."), arguments, _measure_usage)


def _find_duplicates(trees: Sequence[Tree], progress: Progress, options: argparse.Namespace) -> _Answer:
    if not options.json:
        report = find_without_cache(trees, progress, digests=not options.no_digest)
        return _Answer(duplicates_text(report), (), report.log, report.changed_count)
    found = find(trees, progress, group_json, digests=not options.no_digest)
    report = report_of(found, ())
    others = {"reclaimable_bytes": -sum(group.gain for group in found.groups), **report.scan_json()}
    return _Answer((), answer_json(found.groups, others), report.log, report.changed_count)


def _measure_usage(trees: Sequence[Tree], progress: Progress, _options: argparse.Namespace) -> _Answer:
    found = measure_usage(trees, progress, now=SystemClock().now().timestamp())
    where = path_fields(trees[0].path) if len(trees) == 1 else {}
    by_tree = [totals.to_json() for totals in found.sums.trees]
    told = json.dumps({**where, "trees": by_tree, **usage_json(found)})
    return _Answer(usage_text(found), (told.encode(),), found.log)


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"hro {name}", description=description)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("paths", metavar="DIR", nargs="+", help="a folder, or a single file")
    return parser


def _main(
    parser: argparse.ArgumentParser,
    arguments: list[str],
    work: Callable[[Sequence[Tree], Progress, argparse.Namespace], _Answer],
) -> int:
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:  # argparse has printed its help or what is wrong
        return int(end.code or 0)
    raise_open_file_limit()
    try:
        with ExitStack() as stack:
            trees = [stack.enter_context(tree) for tree in _open(options.paths)]
            with _progress() as progress:
                answer = work(trees, progress, options)
    except HroError as error:
        print(f"{parser.prog}: {error.message}", file=sys.stderr)
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
        sys.stdout.flush()
        sys.stdout.buffer.writelines((*answer.json, b"\n"))
    else:
        _print_text(answer)
    sys.stdout.flush()  # here, so that a reader that has gone is noticed while somebody can say so
    return Exit.PARTIAL if answer.log.error_count or answer.changed else Exit.DONE


def _print_text(answer: _Answer) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding is no reason to fail
    for line in answer.lines:
        print(line)
    for line in error_text(answer.log.errors, answer.log.error_count):
        print(line, file=sys.stderr)
    if answer.changed:
        print(f"{answer.changed:,} files changed meanwhile and were left out", file=sys.stderr)
