"""A rule never leaves the folders that it names, whatever it says and whatever lies there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots
from optimizer.options import CacheOptions
from optimizer.paths import exact
from optimizer.plans import Action
from optimizer.storage.clean.analyze import Cleaning
from optimizer.storage.clean.plan import plan_clean
from optimizer.storage.clean.rule import Catalogue, Rule
from tests import strategies
from tests.fakes.job import Listening
from tests.rule_trees import as_old_as_it_says

FOLDERS = st.lists(
    st.sampled_from(
        ["~", "~/", "~/.", "~/..", "~/../other", "~/.cache", "~/.cache/", "~/.cache/demo", "~/.cache//demo", "~/link",
         "~/.cache/link", "~/.cache/demo/../../Documents", "~//Documents", "~root/x", "/", "//", "/..", "*", "~/*"]
    )
    | strategies.file_names.map(lambda name: "~/" + os.fsdecode(name).encode("utf-8", "replace").decode()),
    min_size=1,
    max_size=3,
)  # fmt: skip
GLOBS = st.lists(
    st.sampled_from(["*", "**", "*.png", "../*", "../../Documents/*", "/*", "/etc/*", "[!a]*", "?", "link/*", ".*"])
    | st.text(min_size=1, max_size=8),
    min_size=1,
    max_size=3,
)
COMMANDS = st.none() | st.just({"argv": ("true", "{folder}")}) | st.just({"argv": ("true", "/etc", "x={folder}/..")})
#: Names of files in a tree, and where links in it lead
PLACES = st.sampled_from([".cache", ".cache/demo", ".cache/demo/deep", "Documents", "link2"])
LINKS = st.lists(
    st.tuples(
        st.sampled_from(["link", ".cache/link", ".cache/demo/link", ".cache/demo/deep/up", "Documents/back"]),
        st.sampled_from(["..", "../Documents", "../../Documents", "../../Documents/file", "/etc", ".cache"]),
    ),
    max_size=4,
)


@contextmanager
def tree(names: list[tuple[str, bytes]], links: list[tuple[str, str]]) -> Iterator[Path]:
    """A home with some files, some of them with a second name elsewhere, and links that lead out of every folder."""
    with TemporaryDirectory() as folder:
        home = Path(os.path.realpath(folder), "home")
        for place in (".cache/demo/deep", "Documents"):
            (home / place).mkdir(parents=True)
        for name in ("Documents/file.png", ".cache/demo/deep/file.png"):
            (home / name).write_text("content")
        for place, exactly in names:
            with suppress(OSError):
                (home / place / os.fsdecode(exactly)).write_text("content")
                os.link(home / place / os.fsdecode(exactly), home / "Documents" / os.fsdecode(exactly))
        for name_of_link, target in links:
            with suppress(OSError):
                (home / name_of_link).symlink_to(target)
        yield home


class InAYear(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(days=365)


def rule_of(**facts: Any) -> Rule | None:
    """None where it is refused, which is fine as well."""
    known = {"name": "demo", "title": "Things", "refills": "they do", "documentation": "none"}
    age = 0 if facts["command"] else 1
    try:
        return Rule.model_validate({**known, "min_age_days": age, **facts})
    except ValidationError:
        return None


def planned(rule: Rule, home: Path) -> tuple[Action, ...]:
    cleaning = Cleaning(
        catalogue=Catalogue({"demo": rule}),
        roots=ScanRoots([home.parent], setting="HRO_ROOTS"),
        clock=InAYear(),
        homes=lambda: [os.fsencode(home)],
    )
    seen = as_old_as_it_says(cleaning.caches(CacheOptions(), Listening()))
    return plan_clean(CacheOptions(allow_irreversible=True), seen).actions


@settings(max_examples=200, deadline=None)
@given(FOLDERS, GLOBS, COMMANDS, st.lists(st.tuples(PLACES, strategies.file_names), max_size=5), LINKS)
def test_bleachbit_1789_1700_every_action_is_inside_a_folder_of_its_rule(
    folders: list[str],
    globs: list[str],
    command: dict[str, Any] | None,
    names: list[tuple[str, bytes]],
    links: list[tuple[str, str]],
) -> None:
    """By its name, and by what it really is: no link, no pattern and no second name leads a rule astray."""
    rule = rule_of(folders=folders, files=globs, command=command)
    if rule is None:
        return
    with tree(names, links) as home:
        bases = [f"{os.fspath(home)}/{folder.removeprefix('~/')}".encode() for folder in rule.folders]
        for action in planned(rule, home):
            path = exact(action.target)
            within = [base for base in bases if path == base or path.startswith(base + b"/")]
            assert within, path
            assert b".." not in path.split(b"/")
            assert os.path.realpath(path) == path
            assert path not in (os.fsencode(home), os.fsencode(home.parent), b"/")


@pytest.mark.parametrize("command", [None, {"argv": ("true", "{folder}")}])
def test_a_rule_that_is_right_does_something(command: dict[str, Any] | None) -> None:
    """Or the proof above would be none: this is one of its cases."""
    rule = rule_of(folders=["~/.cache/demo"], files=["*"], command=command)
    assert rule is not None
    with tree([(".cache/demo", b"\xff")], [(".cache/link", "../Documents")]) as home:
        actions = planned(rule, home)
    place = f"{home}/.cache/demo".encode()
    expected = [place + b"/deep/file.png", place + b"/\xff"] if command is None else [place]
    assert sorted(exact(action.target) for action in actions) == sorted(expected)
