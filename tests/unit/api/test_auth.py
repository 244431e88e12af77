"""Who may do what."""

import hashlib
import json

import pytest

from api import auth
from api.problems import ForbiddenError, UnauthorizedError
from optimizer.errors import SettingsError
from optimizer.kinds import Scope
from optimizer.settings import load

KEY = "hro_abc_secret"
KEYS = {
    "abc": auth.StoredKey(id="abc", sha256=hashlib.sha256(KEY.encode()).hexdigest(), scopes=frozenset({Scope.PLAN}))
}


@pytest.mark.parametrize(
    ("address", "scopes"),
    [
        ("127.0.0.1", {Scope.READ, Scope.PLAN}),
        ("127.8.8.8", {Scope.READ, Scope.PLAN}),
        ("::1", {Scope.READ, Scope.PLAN}),
        ("192.0.2.7", set()),
        ("", set()),
        (None, set()),
    ],
)
def test_without_a_key_only_this_machine_may_look_and_plan(address: str | None, scopes: set[Scope]) -> None:
    """Nobody changes anything without a key, and a stranger does not even look."""
    assert auth.identify(None, address, KEYS).scopes == scopes


@pytest.mark.parametrize("header", [f"Bearer {KEY}x", "Bearer hro_abd_secret", "Bearer", "Basic abc", KEY, ""])
def test_a_wrong_key_is_refused_even_on_this_machine(header: str) -> None:
    """A caller who says who he is and is not, is not taken for anonymous."""
    with pytest.raises(UnauthorizedError):
        auth.identify(header, "127.0.0.1", KEYS)


def test_a_key_has_its_own_scopes_only() -> None:
    """A key with the scope plan cannot apply, and is told so as somebody who is known."""
    caller = auth.identify(f"Bearer {KEY}", "192.0.2.7", KEYS)
    caller.require(Scope.PLAN)
    with pytest.raises(ForbiddenError):
        caller.require(Scope.APPLY)


def test_the_network_is_not_listened_to_without_a_key() -> None:
    """A bind address beyond this machine needs at least one key."""
    with pytest.raises(SettingsError, match="HRO_BIND"):
        auth.load_keys(load({"HRO_BIND": "0.0.0.0"}))


def test_keys_are_read_as_the_command_writes_them() -> None:
    """Fields that the API does not need are no error."""
    stored = [{"id": "abc", "sha256": "00", "scopes": ["read"], "created": "2026-01-02"}]
    assert auth.load_keys(load({"HRO_API_KEYS": json.dumps(stored)}))["abc"].scopes == {Scope.READ}


@pytest.mark.parametrize("text", ["{}", "[{}]", "nonsense", '[{"id": "a", "sha256": "0", "scopes": ["all"]}]'])
def test_a_broken_key_file_stops_the_start(text: str) -> None:
    """Rather than leaving everybody out, or in."""
    with pytest.raises(SettingsError, match="HRO_API_KEYS"):
        auth.load_keys(load({"HRO_API_KEYS": text}))
