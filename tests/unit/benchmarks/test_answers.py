"""A right answer passes, and every wrong one is caught."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.corpus_plan import escaped
from benchmarks.storage.answers import Answer, Group, problems
from tests.strategies import file_names

ROOT = b"/trees/mixed"
SUMMARY = {"inodes": 9, "hardlinks": 1, "symlinks": 2, "empty": 3, "bytes": 4000, "redundant_bytes": 700}
USAGE: dict[str, Any] = {
    "unique_files": 9,
    "hard_links": 1,
    "symlinks": 2,
    "empty_files": 3,
    "total_size_bytes": 4000,
    "errors": [],
}


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Groups of two files or more, with names of any bytes, and one of them with a hard link."""
    names = draw(st.lists(file_names, unique=True, min_size=3, max_size=12))
    *members, link = names
    cuts = draw(st.integers(1, max(1, len(members) // 2)))
    chunks = [members[start::cuts] for start in range(cuts)]
    groups: list[Group] = [tuple(sorted(map(escaped, chunk))) for chunk in chunks]
    digests = {group: f"{number:064x}" for number, group in enumerate(groups)}
    return Answer(ROOT, SUMMARY, {escaped(link): escaped(members[0])}, digests)


def file(name: str) -> dict[str, str]:
    path = ROOT + b"/" + name.encode("ascii").decode("unicode_escape").encode("utf-8", "surrogateescape")
    readable = path.decode("utf-8", "replace")
    exact = {} if readable.encode() == path else {"path_bytes": base64.b64encode(path).decode()}
    return {"path": readable, **exact}


def right(answer: Answer) -> dict[str, Any]:
    """What the product prints, the hard link with the file that it names."""
    links = {first: link for link, first in answer.aliases.items()}
    groups = [
        {"digest": digest, "files": [file(name) for name in (*group, *(links[one] for one in group if one in links))]}
        for group, digest in answer.digests.items()
    ]
    return {"groups": groups, "reclaimable_bytes": SUMMARY["redundant_bytes"], "errors": []}


def found(answer: Answer, said: Any, **how: bool) -> list[str]:
    return problems(answer, "dupes", json.dumps(said).encode(), **how)


@given(answers(), st.randoms())
def test_the_right_answer_passes(answer: Answer, chance: Any) -> None:
    """In any order of groups and of names."""
    said = right(answer)
    chance.shuffle(said["groups"])
    for group in said["groups"]:
        chance.shuffle(group["files"])
    assert found(answer, said) == []


@given(answers(), st.data())
def test_a_missing_copy_is_caught(answer: Answer, data: st.DataObject) -> None:
    """A member of any group, with its hard link."""
    said = right(answer)
    group = data.draw(st.sampled_from(sorted(answer.digests)))
    gone = data.draw(st.sampled_from(group))
    names = {gone, *(link for link, first in answer.aliases.items() if first == gone)}
    unwanted = [file(name) for name in names]
    for shown in said["groups"]:
        shown["files"] = [entry for entry in shown["files"] if entry not in unwanted]
    assert found(answer, said)


@given(answers(), st.data())
def test_a_missing_group_is_caught(answer: Answer, data: st.DataObject) -> None:
    """Whichever it is."""
    said = right(answer)
    del said["groups"][data.draw(st.integers(0, len(said["groups"]) - 1))]
    assert found(answer, said)


@given(answers())
def test_a_file_too_many_is_caught(answer: Answer) -> None:
    """One that is no duplicate, in a group that is."""
    said = right(answer)
    said["groups"][0]["files"].append({"path": "/trees/mixed/" + "n" * 61})
    assert found(answer, said)


@given(answers())
def test_a_wrong_digest_is_caught(answer: Answer) -> None:
    """Whether digests were asked for or not; a missing one only where they were."""
    said = right(answer)
    said["groups"][0]["digest"] = "f" * 64
    assert len(found(answer, said)) == len(found(answer, said, digests=False)) == 1
    said["groups"][0]["digest"] = None
    assert len(found(answer, said)) == 1
    assert found(answer, said, digests=False) == []


@given(answers())
def test_what_it_would_give_back_is_checked(answer: Answer) -> None:
    """And an error that was met is a problem: there is none in these trees."""
    assert found(answer, {**right(answer), "reclaimable_bytes": 701}) == ["reclaimable_bytes 701, which is 700"]
    assert found(answer, {**right(answer), "errors": ["denied"]}) == ["error: denied"]


@pytest.mark.parametrize(
    "printed", [b"", b"{", b"[]", b"null", b"{}", b'{"groups": [1]}', b'{"groups": [{}]}', b"\xff"]
)
def test_anything_else_is_caught(printed: bytes) -> None:
    """Not a crash of the harness: a wrong answer."""
    empty = Answer(ROOT, SUMMARY, {}, {})
    assert problems(empty, "dupes", printed)[0].startswith("not the promised JSON")
    assert problems(empty, "usage", printed)[0].startswith("not the promised JSON")


@pytest.mark.parametrize("field", sorted(USAGE.keys() - {"errors"}))
def test_each_figure_of_usage_is_checked(field: str) -> None:
    """One more or one less of anything is wrong."""
    answer = Answer(ROOT, SUMMARY, {}, {})
    assert problems(answer, "usage", json.dumps(USAGE).encode()) == []
    off_by_one = {**USAGE, field: USAGE[field] + 1}
    assert len(problems(answer, "usage", json.dumps(off_by_one).encode())) == 1
