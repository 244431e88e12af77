"""The answers of the local commands for people."""

import io
import sys
from collections.abc import Iterator, Mapping, Sequence

from optimizer.cli.local_answer import Answer
from optimizer.paths import printable, printable_text
from optimizer.storage.classes import AGE_CLASSES
from optimizer.storage.duplicates.report import DuplicateReport, Group
from optimizer.storage.facts import extension_label
from optimizer.storage.usage import Usage

_ROWS = 10
_UNIT = 1024


def human_size(size: float) -> str:
    """Such as 512 B or 1.5 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _UNIT:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= _UNIT
    return f"{size:.1f} TiB"


def usage_text(usage: Usage) -> Iterator[str]:
    """Lines: a total for each tree, then the largest folders, files and types, and the ages."""
    for totals in usage.sums.trees:
        yield f"{printable(totals.path)}: {human_size(totals.allocated)} on disk, {totals.files:,} files"
    yield (
        f"{usage.files:,} files in {usage.folders:,} folders hold {human_size(usage.size)}; "
        f"{usage.hard_links:,} of them are further names of others"
    )
    yield from _table("Largest folders", [(t.allocated, t.files, printable(t.path)) for t in usage.sums.largest])
    yield from _table("Largest files", [(f.size, 1, printable(f.path)) for f in usage.largest_files])
    yield from _table("By extension", _by_extension(usage.by_extension))
    yield from _table("By age", list(zip(usage.by_age_bytes, usage.by_age, AGE_CLASSES, strict=True)))


def _by_extension(by_extension: Mapping[bytes, Sequence[int]]) -> list[tuple[int, int, str]]:
    rows = [
        (size, count, printable_text(extension_label(extension)) or "(none)")
        for extension, (count, size, _) in by_extension.items()
    ]
    return sorted(rows, reverse=True)


def _table(title: str, rows: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"{title}:"
        for size, files, name in rows[:_ROWS]:
            yield f"  {human_size(size):>10}  {files:>9,}  {name}"


def duplicates_text(report: DuplicateReport) -> Iterator[str]:
    """Lines: each group with its files, then the sum of all."""
    for group in report.groups:
        proof = f"sha256 {group.digest.hex()[:16]}" if group.digest else "equal byte for byte"
        yield (
            f"{group.copies} copies of {human_size(group.size)}, "
            f"{human_size(group.reclaimable_bytes)} reclaimable, {proof}"
        )
        yield from _names(group)
        yield ""
    yield (
        f"{len(report.groups):,} groups, {report.redundant_copies:,} redundant copies, "
        f"{human_size(report.reclaimable_bytes)} reclaimable of {human_size(report.size)} in {report.files:,} files"
    )


def _names(group: Group) -> Iterator[str]:
    first: dict[object, str] = {}
    for name in group.names:
        path = printable(name.facts.path)
        original = first.setdefault(name.key, path)
        yield f"  {path}" if original is path else f"  {path}  (the same file as {original})"


def error_text(errors: Sequence[Mapping[str, str]], count: int) -> Iterator[str]:
    """Lines: what could not be read, and how many more there were."""
    for entry in errors:
        yield f"{printable_text(entry['path'])}: {entry['error']}"
    if count > len(errors):
        yield f"and {count - len(errors):,} more errors"


def print_text(answer: Answer) -> None:
    """Lines on standard output; what went wrong, on standard error. Raises BrokenPipeError."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding is no reason to fail
    for line in answer.told:
        print(line)
    for line in error_text(answer.log.errors, answer.log.error_count):
        print(line, file=sys.stderr)
    for error in answer.cache_errors:
        print(f"hro dupes: the cache failed: {error}", file=sys.stderr)
    if answer.changed:
        print(f"{answer.changed:,} files changed meanwhile and were left out", file=sys.stderr)
