"""The service's answers as tables for people. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from optimizer.values import JsonObject

_ROWS = 10
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(amount: float) -> str:
    """Bytes with a unit of 1024 steps, such as 1.5 MiB."""
    unit = 0
    while abs(amount) >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - bytes in a KiB
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} B" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def shown(name: str, style: str = "") -> Text:
    """A name from the disk, without what a terminal would obey."""
    safe = (mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in name)
    return Text("".join(safe), style)


def counts(progress: JsonObject) -> str:
    """What a job reports of itself, such as `walk, files 1,200, 3.5 MiB`."""
    return ", ".join(_count(name, value) for name, value in progress.items())


def _count(name: str, value: int | str) -> str:
    if isinstance(value, str):
        return shown(value).plain
    return size(value) if name == "bytes" else f"{name.replace('_', ' ')} {value:,}"


def usage(folder: str, result: JsonObject) -> RenderableType:
    directories = _table("Largest folders", "on disk", "folder")
    for row in result["largest_directories"][:_ROWS]:
        directories.add_row(size(row["allocated_bytes"]), shown(row["path"]))
    extensions = _table("Kinds of files", "size", "files", "extension")
    by_size = sorted(result["extension_breakdown"].items(), key=lambda item: -item[1]["total_size"])
    for extension, row in by_size[:_ROWS]:
        extensions.add_row(size(row["total_size"]), f"{row['count']:,}", shown(extension or "none"))
    total = f"{result['total_files']:,} files, {size(result['total_size_bytes'])}"
    return _section(
        f"What uses the space in {folder}",
        f"{total}, {size(result['allocated_bytes'])} on disk{_unread(result)}",
        directories,
        extensions,
    )


def duplicates(result: JsonObject) -> RenderableType:
    groups = _table("Groups that waste the most", "wasted", "files", "one of them")
    for row in result["duplicate_details"][:_ROWS]:
        groups.add_row(size(row["space_wasted"]), f"{len(row['files']):,}", shown(row["files"][0]["path"]))
    groups_found = _many(result["duplicate_groups"], "group", "groups")
    copies = _many(result["total_duplicates"], "copy", "copies")
    wasted = size(result["space_wasted_bytes"])
    return _section(
        "Files of equal content",
        f"{groups_found} with {copies} too many; {wasted} could be reclaimed{_unread(result)}",
        groups,
    )


def memory(result: JsonObject, planned: JsonObject) -> RenderableType:
    available, total = result["memory_available_bytes"], result["memory_total_bytes"]
    plan, receipt = planned.get("plan") or {}, planned["result"]
    verdict = f"Dry run of a change: {receipt['verdict']}, {size(plan.get('claimed_bytes', 0))} could be given back"
    notes = [Text(f"  {note}") for note in receipt.get("notes", ())]
    largest = _table("Largest processes", "memory", "measured as", "process")
    for row in result["largest_processes"][: _ROWS // 2]:
        largest.add_row(size(row["memory_bytes"]), row["measure"], shown(f"{row['name']} ({row['pid']})"))
    return _section("Memory", f"{size(available)} of {size(total)} available. {verdict}", *notes, largest)


def hashing(first: JsonObject, second: JsonObject) -> RenderableType:
    runs = _table(None, "run", "files", "read", "from the cache", "time")
    for name, record in (("first", first), ("second", second)):
        result, cache = record["result"], record["result"]["cache"]
        runs.add_row(
            name,
            f"{result['files_hashed']:,}",
            size(result["bytes_read"]),
            f"{cache['hit_rate']:.1%}",
            f"{seconds(record):.2f} s",
        )
    told = "The search for duplicates left some digests for the first run; the second trusts what has not changed"
    return _section("SHA-256 of every file, twice", f"{told}{_unread(second['result'])}", runs)


def seconds(record: JsonObject) -> float:
    """How long a job ran, as its record says."""
    started, finished = (datetime.fromisoformat(record[name]) for name in ("started_at", "finished_at"))
    return (finished - started).total_seconds()


def _unread(result: JsonObject) -> str:
    count = result.get("error_count", 0)
    return f"; {_many(count, 'entry', 'entries')} could not be read" if count else ""


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _table(title: str | None, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns[:-1]:
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column(columns[-1], overflow="fold")
    return table


def _section(title: str, summary: str, *parts: Any) -> Group:
    return Group(Text("\n") + shown(title, "bold"), Text(summary), *_with_gaps(parts))


def _with_gaps(parts: Iterable[Any]) -> Iterable[Any]:
    for part in parts:
        if isinstance(part, Table):
            yield Text()
        yield part
