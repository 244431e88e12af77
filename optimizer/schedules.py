"""What beat runs and when, as the file HRO_SCHEDULES says. Pure.

[nightly-duplicates]
kind = "analyze_duplicates"
cron = "30 3 * * *"          # or: every = "1h"
options = { path = "/srv" }
host = "db1"                 # left out: HRO_DEFAULT_HOST
"""

import re
import tomllib
import uuid
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from optimizer.errors import InvalidRequestError, SettingsError
from optimizer.kinds import KINDS, parse_options
from optimizer.values import JsonObject, Value

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_EVERY = r"^[1-9][0-9]{0,6}[smhd]$"
#: The namespace of the ids of jobs that a schedule starts (RFC 9562, version 5)
_NAMESPACE = uuid.UUID("5a0f1a64-9f0b-5c86-8d5e-3d2f6a1f7b10")


class Schedule(Value):
    name: str
    kind: str
    every: Annotated[str, Field(pattern=_EVERY)] | None = None
    cron: Annotated[str, Field(pattern=r"^\S+( \S+){4}$")] | None = None
    options: JsonObject = Field(default_factory=dict)
    host: str | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give either every or cron")
        if self.kind not in KINDS:
            raise ValueError(f"there is no kind {self.kind}")
        try:
            parse_options(KINDS[self.kind], self.options)
        except InvalidRequestError as error:
            raise ValueError(error.message) from None
        return self

    @property
    def every_seconds(self) -> int | None:
        return int(self.every[:-1]) * _SECONDS[self.every[-1]] if self.every else None

    def job_id(self, due: datetime) -> str:
        """The id of the job of one tick: two beats that submit it submit one job."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.name} {due.isoformat()}"))


#: What runs where no file says otherwise: a look at all scan roots, at each full hour
DEFAULT = (Schedule(name="hourly-report", kind="analyze_report", cron="0 * * * *"),)


def parse(text: str) -> tuple[Schedule, ...]:
    """The schedules of a file. Raises SettingsError, naming the entry and what to change in it."""
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"HRO_SCHEDULES is not TOML: {error}") from None
    return tuple(_schedule(name, entry) for name, entry in entries.items())


def _schedule(name: str, entry: object) -> Schedule:
    if not isinstance(entry, dict) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise SettingsError(f"HRO_SCHEDULES: [{name}] must be a table whose name is of letters, digits and dashes")
    try:
        return Schedule.model_validate({"name": name, **entry})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))} {item['msg']}".strip() for item in error.errors())
        raise SettingsError(f"HRO_SCHEDULES: [{name}]: {problems}") from None
