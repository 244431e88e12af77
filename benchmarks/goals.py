"""What measurements have to reach, from goals.toml. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    AIM = "aim met"
    BOUND = "bound met"
    MISSED = "MISSED"
    UNKNOWN = "NOT MEASURED"

    @property
    def is_kept(self) -> bool:
        """A goal of which nothing is known is not kept."""
        return self in (Verdict.AIM, Verdict.BOUND)


@dataclass(frozen=True, slots=True)
class Goal:
    """Of two commands' wall time, the median of the paired ratios; or, without `theirs`, one command's memory."""

    on: str  #: the name of the measurement
    ours: str
    theirs: str | None
    bound: float  #: at most this; memory in MB
    aim: float  #: better this

    @property
    def title(self) -> str:
        return f"{self.ours} / {self.theirs}" if self.theirs else f"{self.ours}, MB of its largest process"

    def judge(self, measured: float | None) -> Verdict:
        if measured is None:
            return Verdict.UNKNOWN
        if measured <= self.aim:
            return Verdict.AIM
        return Verdict.BOUND if measured <= self.bound else Verdict.MISSED


def parse(text: str, section: str) -> list[Goal]:
    """The tables `[[section]]` of a goals file. Raises ValueError, which names the table that is wrong."""
    tables = tomllib.loads(text).get(section, [])
    return [_goal(table, f"{section}, table {number}") for number, table in enumerate(tables, start=1)]


def _goal(table: Mapping[str, Any], where: str) -> Goal:
    limit = "bound" if "theirs" in table else "bound_mb"
    mandatory = {"on", "ours", limit}
    if missing := mandatory - table.keys():
        raise ValueError(f"{where}: {', '.join(sorted(missing))} is missing")
    if unknown := table.keys() - mandatory - {"theirs", "aim"}:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} is not known")
    bound, aim = table[limit], table.get("aim", table[limit])
    for value in (bound, aim):
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise ValueError(f"{where}: {value!r} is no positive number")
    if aim > bound:
        raise ValueError(f"{where}: the aim {aim} is easier than the bound {bound}")
    return Goal(table["on"], table["ours"], table.get("theirs"), float(bound), float(aim))
