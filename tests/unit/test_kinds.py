"""The table of kinds, and how options are checked at every door."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.errors import InvalidRequestError
from optimizer.kinds import KINDS, Scope, parse_options


def test_every_change_can_be_planned_without_being_made() -> None:
    """Each that is asked for by itself understands dry_run, and means it off unless it is said."""
    for kind in KINDS.values():
        if kind.changes_host and not kind.acts_on_a_job:
            assert kind.options.model_fields["dry_run"].default is False


def test_a_real_change_needs_apply_and_its_dry_run_only_plan() -> None:
    """The scope follows from what the job would do."""
    kind = KINDS["optimize_memory"]
    assert (kind.scope({}), kind.scope({"dry_run": True})) == (Scope.APPLY, Scope.PLAN)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if "dry_run" in kind.options.model_fields], ids=lambda kind: kind.name
)
@pytest.mark.parametrize("value", ["yes", "true", 1, 0, None])
def test_what_is_not_a_boolean_is_no_dry_run(kind: object, value: object) -> None:
    """Nothing is guessed: "yes" is refused rather than taken for true or, worse, for false."""
    with pytest.raises(InvalidRequestError, match="/dry_run"):
        parse_options(kind, {"dry_run": value, "path": "/srv"})  # type: ignore[arg-type]  # parametrized


@pytest.mark.parametrize("path", ["/srv/\ud800", "/srv/\0", "srv", ""])
def test_what_no_file_can_be_called_is_no_path(path: str) -> None:
    """Half of a surrogate pair, which JSON can write, has no bytes in UTF-8."""
    with pytest.raises(InvalidRequestError, match="/path"):
        parse_options(KINDS["analyze_storage"], {"path": path})


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_an_unknown_field_is_named(kind: object) -> None:
    """No kind ignores what it does not know."""
    with pytest.raises(InvalidRequestError) as caught:
        parse_options(kind, {"paht": "/srv"})  # type: ignore[arg-type]  # parametrized
    assert "/paht" in caught.value.message


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("/var/log/", "/var/log"),
        ("//var//log", "/var/log"),
        ("/tmp/../etc", "/etc"),
        ("/tmp/./a", "/tmp/a"),
        ("/../..", "/"),
    ],
)
def test_a_path_is_taken_without_its_detours(given: str, meant: str) -> None:
    """What is compared with the allowed roots is where the path leads."""
    assert parse_options(KINDS["analyze_storage"], {"path": given}).model_dump() == {"path": meant}


@pytest.mark.parametrize("path", ["", "var/log", "~", "../x", "/a\0b", "/" + "x" * 5000])
def test_a_path_that_means_nothing_here_is_refused(path: str) -> None:
    """Relative, empty, overlong or broken paths never become a job."""
    with pytest.raises(InvalidRequestError, match="/path"):
        parse_options(KINDS["analyze_storage"], {"path": path})


@pytest.mark.parametrize("size", [-1, 1.5, "100", True, 2**63])
def test_a_smallest_size_is_a_whole_number_from_zero(size: object) -> None:
    """A negative or fuzzy threshold is an error, not an empty answer."""
    with pytest.raises(InvalidRequestError, match="/min_size_mb"):
        parse_options(KINDS["analyze_large_files"], {"path": "/srv", "min_size_mb": size})


@pytest.mark.parametrize(
    "options", [{}, {"path": "/a", "paths": ["/b"]}, {"paths": []}, {"path": "/a", "algorithm": "md4"}]
)
def test_hashing_takes_a_path_or_a_list_of_them(options: dict[str, object]) -> None:
    """Neither none, nor both, nor an empty list, nor an algorithm that is not offered."""
    with pytest.raises(InvalidRequestError):
        parse_options(KINDS["hash_files"], options)


@given(st.text())
def test_whatever_path_is_given_it_is_absolute_and_direct_or_refused(path: str) -> None:
    """No path gets through that a comparison with a root would read otherwise than the kernel does."""
    try:
        accepted = parse_options(KINDS["analyze_storage"], {"path": path}).model_dump()["path"]
    except InvalidRequestError:
        return
    assert accepted.startswith("/")
    assert not {"..", "."} & set(accepted.split("/"))
    assert "//" not in accepted


@pytest.mark.parametrize(
    ("reference", "good"), [("/srv/ref", True), ("/etc", False), ("/srv", False), ("/srvx", False)]
)
def test_a_reference_folder_lies_inside_the_path(reference: str, good: bool) -> None:
    """Elsewhere no copy is looked for, and every group would silently stay as it is."""
    options = {"path": "/srv", "reference": reference}
    if good:
        parse_options(KINDS["optimize_duplicates"], options)
    else:
        with pytest.raises(InvalidRequestError, match="reference must be a folder inside path"):
            parse_options(KINDS["optimize_duplicates"], options)
