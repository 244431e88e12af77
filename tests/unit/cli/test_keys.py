"""API keys: what is shown once, and what stands in the file."""

import hashlib
import json
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from optimizer.cli.errors import UsageError
from optimizer.cli.keys import add_key, parse_scopes
from optimizer.kinds import Scope

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_file_holds_the_hash_and_never_the_key(tmp_path: Path) -> None:
    """A new key's row has its id, scopes and time, and the SHA-256 of the whole key instead of the key."""
    key = add_key(tmp_path / "keys.json", [Scope.READ, Scope.PLAN], NOW)
    text = (tmp_path / "keys.json").read_text()
    digest = hashlib.sha256(key.encode()).hexdigest()
    row = {
        "id": key.split("_")[1],
        "sha256": digest,
        "scopes": ["read", "plan"],
        "created": "2026-01-02T03:04:05+00:00",
    }
    assert json.loads(text) == [row]
    assert key.split("_", 2)[2] not in text


def test_a_key_has_an_id_and_256_random_bits(tmp_path: Path) -> None:
    """A key reads hro_<8 characters of base32>_<43 characters of URL-safe base64>, and no two are the same."""
    keys = {add_key(tmp_path / "keys.json", [Scope.READ], NOW) for _ in range(20)}
    assert len(keys) == 20
    assert all(re.fullmatch(r"hro_[a-z2-7]{8}_[A-Za-z0-9_-]{43}", key) for key in keys)


def test_earlier_keys_are_kept(tmp_path: Path) -> None:
    """A second key is added after the first."""
    ids = [add_key(tmp_path / "keys.json", [Scope.READ], NOW).split("_")[1] for _ in range(3)]
    assert [row["id"] for row in json.loads((tmp_path / "keys.json").read_text())] == ids


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """File and new folders are closed to others, also where the file was open before; nothing else is left there."""
    path = tmp_path / "new" / "keys.json"
    add_key(path, [Scope.READ], NOW)
    path.chmod(0o644)
    add_key(path, [Scope.READ], NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    """Where the file is a symbolic link, its target is replaced, not the link."""
    (tmp_path / "link").symlink_to("real.json")
    add_key(tmp_path / "link", [Scope.READ], NOW)
    assert (tmp_path / "link").is_symlink()
    assert len(json.loads((tmp_path / "real.json").read_text())) == 1


@pytest.mark.parametrize("text", ["{}", "not JSON", '"text"'])
def test_another_file_is_not_overwritten(tmp_path: Path, text: str) -> None:
    """A file that does not hold a list of keys is refused, and stays as it is."""
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"keys\.json"):
        add_key(path, [Scope.READ], NOW)
    assert path.read_text() == text


def test_scopes_are_words_with_commas() -> None:
    """Scopes are separated by commas, each counts once, in their order."""
    assert parse_scopes("plan, read,plan") == (Scope.PLAN, Scope.READ)


@pytest.mark.parametrize("text", ["", "root", "read,,plan", "read plan"])
def test_unknown_scopes_are_refused_with_the_known_ones(text: str) -> None:
    """A word that is no scope is an error that lists the scopes."""
    with pytest.raises(UsageError, match="read, plan, apply, admin"):
        parse_scopes(text)
