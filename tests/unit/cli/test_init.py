"""The secrets of a stack of containers: made once, and handed on as hashes where a hash will do."""

import base64
import hashlib
import json
import re
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from optimizer.cli.init import make_secrets
from optimizer.cli.main import main
from workers.keeper.publisher import EXCHANGE

SECRETS = ("store/redis-url", "amqp/amqp-url", "listener/amqp-url", "signing/signing-key", "flower/flower-auth")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_secrets(tmp_path)
    return tmp_path


def secrets(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in SECRETS}


def password(folder: Path, name: str) -> str:
    return urlsplit((folder / name).read_text()).password or ""


def test_the_first_key_is_shown_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run makes nothing anew, and says how to get one more key."""
    assert main(["init", str(tmp_path), "--address", "http://127.0.0.1:1"]) == 0
    shown, made = capsys.readouterr().out, secrets(tmp_path)
    (key,) = re.findall(r"^  (hro_\S+)$", shown, re.MULTILINE)
    assert "http://127.0.0.1:1" in shown
    assert hashlib.sha256(key.encode()).hexdigest() in (tmp_path / "api/api-keys.json").read_text()
    assert main(["init", str(tmp_path)]) == 0
    assert ("hro_" in capsys.readouterr().out, secrets(tmp_path)) == (False, made)


@pytest.mark.parametrize("lost", SECRETS)
def test_a_secret_that_is_lost_is_made_anew_and_no_other(folder: Path, lost: str) -> None:
    """So a password is changed by removing its file."""
    before = secrets(folder)
    (folder / lost).unlink()
    make_secrets(folder)
    assert {name for name, text in secrets(folder).items() if text != before[name]} == {lost}


def test_redis_and_rabbitmq_are_given_hashes_only(folder: Path) -> None:
    """Nothing that their containers can read tells a password, and the hashes are those of the passwords."""
    theirs = "".join(path.read_text() for name in ("redis", "rabbitmq") for path in (folder / name).iterdir())
    passwords = {name: password(folder, name) for name in SECRETS[:3]}
    assert all(len(word) == 43 and word not in theirs for word in passwords.values())
    assert f"#{hashlib.sha256(passwords['store/redis-url'].encode()).hexdigest()} " in theirs
    users = json.loads((folder / "rabbitmq/definitions.json").read_text())["users"]
    for user, name in zip(users, ("amqp/amqp-url", "listener/amqp-url"), strict=True):
        raw = base64.b64decode(user["password_hash"])
        assert raw[4:] == hashlib.sha256(raw[:4] + passwords[name].encode()).digest()


def test_what_is_ours_alone_is_for_our_uid(folder: Path) -> None:
    """The rest is for containers with another uid; each mounts no more than it needs."""
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*.*")}
    modes |= {name: stat.S_IMODE((folder / name).stat().st_mode) for name in SECRETS}
    assert {name for name, mode in modes.items() if mode == 0o400} == {SECRETS[1], SECRETS[2], SECRETS[4]}
    assert set(modes.values()) == {0o400, 0o444}


def test_a_half_written_file_of_an_interrupted_run_is_no_secret(folder: Path) -> None:
    """It has another name, and is written over."""
    (folder / "signing/signing-key").unlink()
    (folder / "signing/.signing-key.new").write_text("")
    make_secrets(folder)
    assert len((folder / "signing/signing-key").read_text()) == 43
    assert [path.name for path in (folder / "signing").iterdir()] == ["signing-key"]


def test_the_exchange_is_that_of_the_keeper(folder: Path) -> None:
    """Whoever listens may come before the keeper has."""
    (exchange,) = json.loads((folder / "rabbitmq/definitions.json").read_text())["exchanges"]
    assert (exchange["name"], exchange["type"], exchange["durable"]) == (EXCHANGE, "topic", True)
