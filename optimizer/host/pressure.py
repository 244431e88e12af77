"""Pressure stall information (PSI): the share of time in which tasks waited for a resource.

Source: Documentation/accounting/psi.rst of the Linux kernel.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from optimizer.host.procfs import PROC
from optimizer.values import JsonObject

Resource = Literal["cpu", "memory", "io"]
Kind = Literal["some", "full"]

RESOURCES: tuple[Resource, ...] = get_args(Resource)
#: What there is to know of the whole system; `full` of cpu is not defined there, and printed as zeros.
DEFINED: tuple[tuple[Resource, Kind], ...] = (
    ("cpu", "some"),
    ("memory", "some"),
    ("memory", "full"),
    ("io", "some"),
    ("io", "full"),
)

_LINE = re.compile(r"^(some|full) avg10=(\S+) avg60=(\S+) avg300=(\S+) total=(\d+)$", re.MULTILINE)


def parse(text: str) -> Mapping[str, Mapping[str, float | int]]:
    """`some` (at least one task waited) and `full` (all did): averages in percent, total in µs since boot."""
    return {
        match[1]: {
            "avg10_percent": float(match[2]),
            "avg60_percent": float(match[3]),
            "avg300_percent": float(match[4]),
            "total_us": int(match[5]),
        }
        for match in _LINE.finditer(text)
    }


def read(resource: Resource, proc_root: Path = PROC) -> JsonObject:
    """`available` with `some` and `full`; or not available, and the `reason`. Never raises."""
    try:
        lines = parse((proc_root / "pressure" / resource).read_text(encoding="ascii"))
    except OSError as error:
        return {"available": False, "reason": f"this kernel offers no pressure figures: {error.strerror}"}
    return {"available": True} | {kind: line for kind, line in lines.items() if (resource, kind) in DEFINED}


def average(reading: JsonObject, kind: Kind) -> float | None:
    """The average over the last 10 s in percent, or None where there is none."""
    line = reading.get(kind)
    return None if line is None else line["avg10_percent"]
