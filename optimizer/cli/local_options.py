"""What `hro dupes` and `hro usage` may be given."""

from collections.abc import Sequence
from typing import NamedTuple

#: Beside `--json`, by verb: what each option is for.
_OPTIONS = {
    "dupes": {
        "--no-digest": "no SHA-256 of files above 16 KiB, which is faster",
        "--cache": "keep digests for a week, and read no file again that has not changed",
    },
    "usage": {},
}
#: Options that exclude each other, and why.
_EITHER = {frozenset({"--no-digest", "--cache"}): "--cache keeps digests, and --no-digest makes none: leave one out"}
_DESCRIPTIONS = {
    "dupes": "Show files of equal content. Nothing is changed.",
    "usage": "Show what uses the space below folders.",
}


class Options(NamedTuple):
    paths: Sequence[str]
    given: frozenset[str]  #: such as --json


def parse(verb: str, words: Sequence[str]) -> Options:
    """Raises SystemExit once argparse has printed its help, or what is wrong."""
    given = frozenset(word for word in words if word.startswith("-"))
    if given <= {"--json", *_OPTIONS[verb]} and len(given) < len(words) and not any(both <= given for both in _EITHER):
        return Options([word for word in words if word not in given], given)
    return _parsed(verb, words)


def _parsed(verb: str, words: Sequence[str]) -> Options:
    import argparse  # noqa: PLC0415 - most do not need it, and it takes as long as a small tree

    parser = argparse.ArgumentParser(prog=f"hro {verb}", description=_DESCRIPTIONS[verb])
    for option, help_ in {"--json": "print JSON", **_OPTIONS[verb]}.items():
        parser.add_argument(option, action="append_const", dest="given", const=option, default=[], help=help_)
    parser.add_argument("paths", metavar="DIR", nargs="+", help="a folder, or a single file")
    found = parser.parse_args(words)
    given = frozenset(found.given)
    for both, why in _EITHER.items():
        if both <= given:
            parser.error(why)
    return Options(found.paths, given)
