"""A policy, as the file HRO_POLICIES names it. Pure.

[data]
path = "/srv/data"             # inside HRO_ROOTS; its filesystem is watched
high_percent = 85              # fuller than this: reclaim …
low_percent = 75               # … until it is no fuller than this
inodes_high_percent = 90       # the same for inodes; left out, they are not watched
inodes_low_percent = 80
order = ["quarantine", "cache", "logs", "temp", "duplicates", "compress"]
max_bytes = 20_000_000_000     # of one run
max_files = 10_000
temp_paths = ["/srv/data/tmp"] # folders of temporary files; left out, /tmp and /var/tmp
min_age_days = 7               # of temporary files and logs; cold files count from 30 days on
quarantine_days = 1            # what has waited for so long in quarantine is purged
"""

import re
import tomllib
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from optimizer.errors import SettingsError
from optimizer.options import AbsolutePath
from optimizer.values import Value


class Step(StrEnum):
    """What a policy may do. To name an irreversible one in a policy is the consent to it."""

    QUARANTINE = "quarantine"  #: purge what has waited in quarantine; irreversible
    CACHE = "cache"  #: caches by the rules of the catalogue; some are irreversible
    LOGS = "logs"
    TEMP = "temp"  #: into quarantine: it frees nothing before a later run purges it
    DUPLICATES = "duplicates"  #: by reflink
    COMPRESS = "compress"


class Policy(Value):
    name: str
    path: AbsolutePath
    high_percent: float = Field(gt=0, le=100)
    low_percent: float = Field(ge=0, lt=100)
    inodes_high_percent: float | None = Field(None, gt=0, le=100)
    inodes_low_percent: float | None = Field(None, ge=0, lt=100)
    order: tuple[Annotated[Step, Field(strict=False)], ...] = Field(min_length=1, strict=False)
    max_bytes: int = Field(gt=0)
    max_files: int = Field(gt=0)
    temp_paths: tuple[AbsolutePath, ...] = Field((), strict=False)
    min_age_days: int = Field(7, ge=0, le=36_500)
    quarantine_days: int = Field(1, ge=0, le=3650)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.low_percent >= self.high_percent:
            raise ValueError("low_percent must be less than high_percent")
        if (self.inodes_high_percent is None) != (self.inodes_low_percent is None):
            raise ValueError("give both of inodes_high_percent and inodes_low_percent, or neither")
        if (self.inodes_low_percent or 0) >= (self.inodes_high_percent or 1):
            raise ValueError("inodes_low_percent must be less than inodes_high_percent")
        if len(set(self.order)) < len(self.order):
            raise ValueError("order must name each step once")
        if Step.QUARANTINE in self.order[1:]:
            raise ValueError("order must begin with quarantine, if it is in it: it costs least")
        return self


def parse(text: str) -> dict[str, Policy]:
    """The policies of a file by name. Raises SettingsError, naming the entry and what to change in it."""
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"HRO_POLICIES is not TOML: {error}") from None
    return {name: _policy(name, entry) for name, entry in entries.items()}


def _policy(name: str, entry: object) -> Policy:
    if not isinstance(entry, dict) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise SettingsError(f"HRO_POLICIES: [{name}] must be a table whose name is of letters, digits and dashes")
    try:
        return Policy.model_validate({"name": name, **entry})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))} {item['msg']}".strip() for item in error.errors())
        raise SettingsError(f"HRO_POLICIES: [{name}]: {problems}") from None
