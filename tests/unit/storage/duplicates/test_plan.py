"""Which copies are replaced, and by which."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.options import DuplicatesOptions
from optimizer.plans import Plan
from optimizer.storage.duplicates.plan import Copy, Seen, plan_duplicates
from optimizer.storage.keep import Keep


def copy(inode: int, *paths: bytes, **facts: Any) -> Copy:
    usual: dict[str, Any] = {
        "root": b"/srv", "device": 1, "size": 5, "allocated": 4096, "shared": 0, "own": 4096,
        "layout": f"at {inode}", "links": len(paths), "uid": 0, "gid": 0, "mode": 0o100644,
        "attributes": "", "mtime_ns": inode, "ctime_ns": inode,
    }  # fmt: skip
    return Copy(inode=inode, paths=paths, **(usual | facts))


def plan(*group: Copy, can_share: bool = True, keeping: Keep | None = None, **options: Any) -> Plan:
    said = DuplicatesOptions.model_validate({"path": "/srv"} | options)
    return plan_duplicates(said, Seen(groups=(group,), can_share=can_share, keep=keeping or Keep()))


def replaced(made: Plan) -> dict[str, str]:
    """Each path with the one that it is a copy of."""
    return {action.target["path"]: action.target["kept"]["path"] for action in made.actions}


A, B, C = copy(1, b"/srv/ref/long"), copy(2, b"/srv/b"), copy(3, b"/srv/cc")


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, "/srv/cc"),
        ({"keep": "oldest"}, "/srv/ref/long"),
        ({"keep": "shortest_path"}, "/srv/b"),
        ({"reference": "/srv/ref"}, "/srv/ref/long"),
    ],
)
def test_the_rule_says_which_one_stays(options: dict[str, Any], kept: str) -> None:
    """The newest by default, as clients have always got it."""
    made = replaced(plan(A, B, C, **options))
    assert set(made.values()) == {kept}
    assert len(made) == 2


def test_without_a_copy_in_the_reference_folder_nothing_goes() -> None:
    """The note says of how many."""
    made = plan(B, C, reference="/srv/ref")
    assert (made.actions, "reference folder" in made.notes[0]) == ((), True)


def test_all_copies_in_the_reference_folder_stay() -> None:
    """However many there are."""
    other = copy(4, b"/srv/ref/other")
    assert set(replaced(plan(A, other, B, reference="/srv/ref"))) == {"/srv/b"}


def test_all_names_of_a_copy_go_in_one_pass() -> None:
    """Of a hard-linked copy each name is replaced; only the last one frees anything."""
    linked = copy(1, b"/srv/x", b"/srv/y")
    made = plan(linked, C, action="hard_link")
    assert [(action.target["path"], action.claimed_bytes) for action in made.actions] == [
        ("/srv/x", 0),
        ("/srv/y", 4096),
    ]
    assert all("ctime_ns" not in action.relied_on for action in made.actions)
    assert len(plan(linked, C, action="reflink").actions) == 1


def test_a_name_elsewhere_keeps_the_bytes() -> None:
    """Nothing is claimed for a copy that has a name which was not met."""
    assert plan(copy(1, b"/srv/x", links=2), C, action="quarantine").actions[0].claimed_bytes == 0


@pytest.mark.parametrize(
    ("facts", "options", "reason"),
    [
        ({"uid": 5}, {"action": "hard_link"}, "owner, mode"),
        ({"mode": 0o100600}, {"action": "hard_link"}, "owner, mode"),
        ({"attributes": "x"}, {"action": "hard_link"}, "owner, mode"),
        ({"uid": 5}, {"action": "quarantine"}, "owner, mode"),
        ({"shared": 4096, "layout": "at 3"}, {}, "share all"),
        ({"shared": 4096, "layout": "at 3"}, {"action": "hard_link"}, "share all"),
        ({"layout": ""}, {}, "no blocks can be shared"),
        ({"allocated": 0}, {}, "no space"),
        ({"device": 2}, {}, "another filesystem"),
        ({"root": b"/else"}, {}, "another root"),
    ],
)
def test_what_must_not_be_replaced_is_told(facts: dict[str, Any], options: dict[str, Any], reason: str) -> None:
    """With the reason, and an example."""
    made = plan(copy(1, b"/srv/a", **facts), copy(3, b"/srv/cc", shared=4096), **options)
    assert (made.actions, reason in made.notes[0], "/srv/a" in made.notes[0]) == ((), True, True)


def test_other_owners_are_linked_when_it_is_asked_for() -> None:
    """With a warning; and their blocks are shared without asking, as that changes no right."""
    theirs = copy(1, b"/srv/a", uid=5)
    made = plan(theirs, C, action="hard_link", across_owners=True)
    assert replaced(made) == {"/srv/a": "/srv/cc"}
    assert made.notes[0].endswith("and get those, as across_owners was asked for: 1, such as /srv/a.")
    assert replaced(plan(theirs, C)) == {"/srv/a": "/srv/cc"}
    assert plan(theirs, C).notes == ()


def test_what_is_to_be_kept_is_kept() -> None:
    """A database is no copy to be had again."""
    made = plan(copy(1, b"/srv/a.db"), C, action="quarantine")
    assert (made.actions, "database" in made.notes[0]) == ((), True)


def test_another_action_is_never_taken_instead() -> None:
    """Where blocks cannot be shared the plan is empty, and names what else could be asked for."""
    made = plan(A, B, can_share=False)
    assert (made.actions, "hard_link or quarantine" in made.notes[0]) == ((), True)


def test_the_others_come_to_those_that_share_blocks_already() -> None:
    """A third copy joins the two that an earlier job brought together, whatever its age: that frees its blocks."""
    both = [copy(each, b"/srv/%d" % each, shared=4096, own=0, layout="both") for each in (1, 2)]
    made = plan(*both, C)
    assert replaced(made) == {"/srv/cc": "/srv/2"}
    assert [action.claimed_bytes for action in made.actions] == [4096]


def test_blocks_shared_with_a_snapshot_alone_are_no_reason_to_leave_it() -> None:
    """Nothing is claimed for it, as the snapshot has them still."""
    snapshots = [copy(each, b"/srv/%d" % each, shared=4096, own=0) for each in (1, 2)]
    assert [action.claimed_bytes for action in plan(*snapshots).actions] == [0]


copies = st.builds(
    lambda inode, folder, names, **facts: copy(
        inode, *(b"/srv/%s/%d-%d" % (folder, inode, name) for name in range(names)), **facts
    ),
    st.integers(1, 50),
    st.sampled_from([b"ref", b"else"]),
    st.integers(1, 3),
    uid=st.integers(0, 1),
    shared=st.sampled_from([0, 4096]),
    layout=st.sampled_from(["", "here", "there"]),
    mtime_ns=st.integers(0, 3),
)
groups = st.lists(st.lists(copies, min_size=2, max_size=5, unique_by=lambda each: each.inode), max_size=3)
options = st.fixed_dictionaries(
    {
        "path": st.just("/srv"),
        "action": st.sampled_from(["reflink", "hard_link", "quarantine"]),
        "keep": st.sampled_from(["newest", "oldest", "shortest_path"]),
        "across_owners": st.booleans(),
        "reference": st.sampled_from([None, "/srv/ref"]),
    }
)


@given(groups, options)
def test_one_copy_of_each_group_always_stays(found: list[list[Copy]], asked: dict[str, Any]) -> None:
    """No action touches any name of the one that others are replaced by, and no file is acted on twice."""
    seen = Seen(groups=tuple(map(tuple, found)), can_share=True)
    for group in found:
        made = plan_duplicates(DuplicatesOptions.model_validate(asked), Seen(groups=(tuple(group),), can_share=True))
        touched = set(replaced(made))
        stays = [each for each in group if not touched & {path.decode() for path in each.paths}]
        kept = {path.decode() for each in stays for path in each.paths}
        assert stays
        assert set(replaced(made).values()) <= kept
        assert not asked["reference"] or not any(path.startswith("/srv/ref/") for path in touched)
        assert len(touched) == len(made.actions)
    numbers = [action.number for action in plan_duplicates(DuplicatesOptions.model_validate(asked), seen).actions]
    assert numbers == list(range(len(numbers)))
