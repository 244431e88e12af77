"""A rule of the catalogue, as a TOML file tells it: which folders, and how what lies in them may go. Pure.

Without a command, files that are old enough are moved into quarantine. With one, the manager of the cache clears it
itself, which cannot be undone.
"""

import posixpath
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from optimizer.errors import InvalidRequestError, SettingsError
from optimizer.paths import join, readable
from optimizer.storage.keep import Keep
from optimizer.values import Value

#: What stands in an argument for the folder that is cleared
FOLDER = "{folder}"
_HOME = "~/"


def _folder(path: str) -> str:
    """One that can only be what it says: no `..`, no pattern, not all of the host or of a home."""
    inside = path.removeprefix(_HOME) if path.startswith(_HOME) else path.removeprefix("/")
    if inside == path or posixpath.normpath(inside) != inside or inside.startswith(("..", "/")) or "\0" in path:
        raise ValueError("must be a plain path, starting with / or ~/, without . or .. or a slash at its end")
    if inside == ".":
        raise ValueError("must be a folder inside / or ~/")
    return path


def _program(argv: tuple[str, ...]) -> tuple[str, ...]:
    if not any(FOLDER in argument for argument in argv[1:]):
        raise ValueError(f"must tell the program its folder as {FOLDER}, so that it acts where it was looked")
    return argv


Folder = Annotated[str, AfterValidator(_folder), Field(min_length=2, max_length=4096)]


class Command(Value):
    """How a cache's own manager is told to clear it."""

    argv: Annotated[tuple[str, ...], AfterValidator(_program)] = Field(min_length=2, strict=False)
    """The program and its arguments, no shell; `{folder}` is the folder."""

    locks: tuple[str, ...] = Field((), strict=False)
    """Files that the manager locks while it works (fcntl); those in the folder as `{folder}/…`."""

    users: tuple[str, ...] = Field((), strict=False)
    """Globs of programs that use the cache without a lock: while the owner of the folder runs one, it is left alone."""

    seconds: int = Field(600, ge=1, le=3600, description="After so long it is stopped.")


class Rule(Value):
    name: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,63}$", description="That of its file.")
    kind: Literal["optimize_cache", "optimize_logs"] = "optimize_cache"
    title: str = Field(min_length=1, description="What lies there, as a plural.")
    refills: str = Field(min_length=1, description="Why it may go.")
    documentation: str = Field(min_length=1, description="Where its makers say so.")
    folders: tuple[Folder, ...] = Field(min_length=1, strict=False)
    """Nothing outside of these is ever touched. `~` stands for each home of root and of people."""

    files: tuple[str, ...] = Field((), strict=False)
    """Globs of paths below a folder, in which `*` stands for slashes too: what is moved or, with a command, what the
    manager is known to delete; left out there, only the manager knows."""

    min_age_days: int = Field(0, ge=0, le=36_500, description="Files that are younger stay.")
    age: Literal["used", "changed"] = "used"
    """Whether a file's age counts from when it was last read or changed, or only from when it was changed."""

    command: Command | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.command is None and not (self.files and self.min_age_days):
            raise ValueError("a rule without a command needs files and min_age_days")
        if self.command is not None and self.min_age_days:
            raise ValueError("min_age_days is for rules without a command: a manager knows no age")
        return self

    def takes(self, relative: bytes) -> bool:
        """Whether a file, by its path below the folder, is one of those that may go."""
        shown = readable(relative)
        return any(fnmatchcase(shown, glob) for glob in self.files)

    def places(self, homes: Iterable[bytes]) -> list[bytes]:
        """Its folders on a host with these homes, each once."""
        found: dict[bytes, None] = {}
        for folder in self.folders:
            if folder.startswith(_HOME):
                found |= dict.fromkeys(join(home, folder.removeprefix(_HOME).encode()) for home in homes)
            else:
                found[folder.encode()] = None
        return list(found)


def filled(arguments: Iterable[str], folder: bytes) -> list[bytes]:
    """Arguments of a command, or names of its locks, for one folder."""
    return [argument.encode().replace(FOLDER.encode(), folder) for argument in arguments]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules of a host by name, and what the administrator keeps in spite of them."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    keep: Keep = field(default_factory=Keep)

    def of_kind(self, kind: str, names: Iterable[str] | None = None) -> list[Rule]:
        """Those of a kind that are named, by default all. Raises InvalidRequestError for a name that there is not."""
        known = {name: rule for name, rule in sorted(self.rules.items()) if rule.kind == kind}
        chosen = list(known) if names is None else list(dict.fromkeys(names))
        for name in chosen:
            if name not in known:
                raise InvalidRequestError(f"rules: there is no rule {name}; known are {', '.join(known) or 'none'}.")
        return [known[name] for name in chosen]


def parse(text: str, source: str) -> Rule:
    """A rule from a file's text. Raises SettingsError, naming the file, `source`, and the field."""
    try:
        return Rule.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{source} is not TOML: {error}") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))} {item['msg']}".strip() for item in error.errors())
        raise SettingsError(f"{source}: {problems}") from None
