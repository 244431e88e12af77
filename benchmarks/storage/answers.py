"""Whether the product's answer is the one that was put into the tree."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.corpus import differences
from benchmarks.corpus_plan import answer_file, escaped, unescaped

Group = tuple[str, ...]  # escaped paths below the tree, in order
_USAGE_FIELDS = {
    "unique_files": "inodes",
    "hard_links": "hardlinks",
    "symlinks": "symlinks",
    "empty_files": "empty",
    "total_size_bytes": "bytes",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a tree."""

    root: bytes
    summary: Mapping[str, Any]  #: corpus_plan.Plan.summary
    aliases: dict[str, str]  #: the first name of each hard link
    digests: Mapping[Group, str]  #: SHA-256 of each group of duplicates, in hex


def read_answer(root: Path) -> Answer:
    """What was recorded beside the tree, and digests of what is in it."""
    recorded = json.loads(answer_file(root).read_text())
    base = os.fsencode(root)
    digests = {tuple(sorted(group)): _sha256(base + b"/" + unescaped(group[0])) for group in recorded["groups"]}
    return Answer(base, recorded["summary"], recorded["aliases"], digests)


def _sha256(path: bytes) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - the path is bytes
        return hashlib.file_digest(file, "sha256").hexdigest()


def problems(answer: Answer, verb: str, printed: bytes, *, digests: bool = True) -> list[str]:
    """What is wrong with what `hro VERB --json` printed; nothing, if it is right."""
    check = {"dupes": lambda said: _dupes(answer, said, digests=digests), "usage": lambda said: _usage(answer, said)}
    try:
        said = json.loads(printed)
        return [*check[verb](said), *(f"error: {error}" for error in said["errors"])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # another shape than the promised one
        return [f"not the promised JSON: {error!r}"]


def _dupes(answer: Answer, said: Any, *, digests: bool) -> Iterator[str]:
    found = [(_names(answer, group), group["digest"]) for group in said["groups"]]
    yield from differences([list(group) for group in answer.digests], answer.aliases, [names for names, _ in found])
    for names, digest in found:
        known = answer.digests.get(tuple(sorted({answer.aliases.get(name, name) for name in names})))
        if known not in (None, digest) and (digests or digest is not None):
            yield f"digest {digest} of {names[0]}, which is {known}"
    yield from _figures(answer, said, {"reclaimable_bytes": "redundant_bytes"})


def _usage(answer: Answer, said: Any) -> Iterator[str]:
    return _figures(answer, said, _USAGE_FIELDS)


def _figures(answer: Answer, said: Any, fields: Mapping[str, str]) -> Iterator[str]:
    for name, known_as in fields.items():
        if said[name] != answer.summary[known_as]:
            yield f"{name} {said[name]}, which is {answer.summary[known_as]}"


def _names(answer: Answer, group: Any) -> list[str]:
    return [escaped(_path(file).removeprefix(answer.root + b"/")) for file in group["files"]]


def _path(file: Any) -> bytes:
    return base64.b64decode(file["path_bytes"]) if "path_bytes" in file else os.fsencode(file["path"])
