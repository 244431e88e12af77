"""The options of a kind as words of a command line: its fields, with `_` as `-`."""

import argparse
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from optimizer.kinds import Kind, invalid_request
from optimizer.values import JsonObject

#: What the verb says by itself
_IMPLIED = frozenset({"dry_run"})
#: The one that needs no flag
_PATH = "path"


def options_from_words(kind: Kind, words: Sequence[str]) -> tuple[JsonObject, bool]:
    """`/srv --days-old 3 --across-owners` as the options of a kind, and whether `--json` is among them.

    A list is an option given several times; the path may stand alone, before or after the others.

    Raises InvalidRequestError for a value that the kind cannot use; ends the program, as argparse does, for an
    option that it does not have.
    """
    parser = argparse.ArgumentParser(prog=f"hro plan {kind.name.removeprefix('optimize_')}", description=kind.summary)
    parser.add_argument("--json", action="store_true", help="for programs")
    for name, field in kind.options.model_fields.items():
        if name not in _IMPLIED:
            _add(parser, name, field)
    given = {name: value for name, value in vars(parser.parse_args(list(words))).items() if value is not None}
    as_json = given.pop("json")
    try:
        options = kind.options.model_validate(given, strict=False)
    except ValidationError as error:
        raise invalid_request(error) from None
    return options.model_dump(mode="json", exclude_unset=True), as_json


def _add(parser: argparse.ArgumentParser, name: str, field: FieldInfo) -> None:
    flag, help_ = "--" + name.replace("_", "-"), (field.description or "").replace("%", "%%")
    if name == _PATH:
        parser.add_argument(name, metavar="PATH", nargs="?", help=help_)
        return
    kwargs: dict[str, Any] = {"dest": name, "help": help_}
    if field.annotation is bool:
        kwargs |= {"action": "store_const", "const": "true"}
    elif "tuple" in str(field.annotation):
        kwargs |= {"action": "append", "metavar": "VALUE"}
    else:
        choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
        kwargs |= {"metavar": "|".join(choices) or "VALUE"}
    parser.add_argument(flag, **kwargs)
