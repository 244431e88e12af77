"""Settings: read once, checked, nothing ignored."""

from pathlib import Path

import pytest

from optimizer.errors import SettingsError
from optimizer.kinds import Resource, Scope
from optimizer.settings import load


def test_nothing_may_be_changed_unless_it_is_said() -> None:
    """Without settings no root is allowed, and the API listens on this machine alone."""
    settings = load({})
    assert (settings.roots, settings.bind, settings.port) == ((), "127.0.0.1", 11110)


def test_a_misspelt_setting_stops_the_start() -> None:
    """An unknown HRO_ name is an error that names it."""
    with pytest.raises(SettingsError, match="HRO_ROOTES"):
        load({"HRO_ROOTES": "/srv"})


@pytest.mark.parametrize(
    ("variable", "text"),
    [("HRO_PORT", "eleven"), ("HRO_PORT", "70000"), ("HRO_HOST", "a b"), ("HRO_QUEUE_SCOPES", "write")],
)
def test_a_wrong_value_is_named_by_its_variable(variable: str, text: str) -> None:
    """The error says which variable to change."""
    with pytest.raises(SettingsError, match=variable):
        load({variable: text})


def test_a_relative_root_is_refused() -> None:
    """Where a change is allowed must not depend on where a process was started."""
    with pytest.raises(SettingsError, match="srv/data"):
        load({"HRO_ROOTS": "srv/data"})


def test_lists_are_separated_as_in_path_and_empty_means_none() -> None:
    """A comma is part of a path; an empty list is not the default one."""
    settings = load({"HRO_ROOTS": "/srv/a,b:/data", "HRO_SCAN_ROOTS": ""})
    assert (settings.roots, settings.scan_roots) == ((Path("/srv/a,b"), Path("/data")), ())


def test_what_may_be_changed_may_be_read() -> None:
    """The scan roots are the roots and the usual places, unless they are set."""
    assert load({"HRO_ROOTS": "/srv"}).scan_roots[0] == Path("/srv")


def test_scopes_may_stand_between_commas() -> None:
    """The form in which the documentation writes them."""
    assert load({"HRO_QUEUE_SCOPES": "read,plan,apply"}).queue_scopes == (Scope.READ, Scope.PLAN, Scope.APPLY)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """So that it stands in no environment; the line's end is not part of it."""
    secret = tmp_path / "key"
    secret.write_text("hush\n")
    settings = load({"HRO_SIGNING_KEY_FILE": str(secret)})
    assert settings.signing_key is not None
    assert settings.signing_key.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The error names the variable and the file."""
    with pytest.raises(SettingsError, match=r"HRO_SIGNING_KEY_FILE: .*missing"):
        load({"HRO_SIGNING_KEY_FILE": str(tmp_path / "missing")})


def test_only_secrets_come_from_files() -> None:
    """HRO_PORT_FILE is no setting."""
    with pytest.raises(SettingsError, match="HRO_PORT_FILE"):
        load({"HRO_PORT_FILE": "/x"})


def test_a_limit_may_be_given_by_resource() -> None:
    """As name=number, in a list as any other."""
    settings = load({"HRO_TIME_LIMITS": "storage=7200:cpu=60"})
    assert settings.time_limits == {Resource.STORAGE: 7200, Resource.CPU: 60}


@pytest.mark.parametrize("text", ["storage", "storage=", "disk=60", "cpu=1", "cpu=many"])
def test_a_limit_that_means_nothing_stops_the_start(text: str) -> None:
    """A resource that there is not, or no number of seconds that a job could end in."""
    with pytest.raises(SettingsError, match="HRO_TIME_LIMITS"):
        load({"HRO_TIME_LIMITS": text})
