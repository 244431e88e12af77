"""Which files are closed logs."""

from dataclasses import replace

import pytest

from optimizer.options import LogsOptions
from optimizer.storage.candidate import Candidate
from optimizer.storage.compress.plan import Sampled, Seen
from optimizer.storage.keep import Keep
from optimizer.storage.logs.logrotate import Logrotate
from optimizer.storage.logs.plan import plan_logs
from optimizer.storage.logs.rules import LogRules, is_log
from tests.fakes.files import candidate

RULES = LogRules(limit_ns=100, keep=Keep(("/var/log/audit/*",)), logrotate=Logrotate(("/var/log/owned.log",)))


def log(path: bytes = b"/var/log/app.log") -> Candidate:
    return candidate(path, size=8000, allocated=8192)


@pytest.mark.parametrize(
    "name",
    [
        b"app.log", b"app.log.1", b"syslog.1", b"messages-20240131", b"app.log-20240131", b"a.log-20240131-1706659200",
        b"app.log.2024-01-31", b"app.2024-01-31.log", b"app.log.2024-01-31_23", b"app.log.old", b"Xorg.0.log.old",
        b"\xe9.log",
    ],
)  # fmt: skip
def test_names_of_logs(name: bytes) -> None:
    """With what rotating appends to them."""
    assert is_log(b"/var/log/" + name)


@pytest.mark.parametrize(
    "name",
    [
        b"system.journal", b"user-1000@0005f.journal~", b"syslog", b"app.log.1.gz", b"app.log.gz", b"README",
        b"app.conf", b"log", b"1", b".1", b"app-2", b"status",
    ],
)  # fmt: skip
def test_other_names(name: bytes) -> None:
    """Journals are journald's, a name without any mark says nothing, and what is compressed is done."""
    assert not is_log(b"/var/log/" + name)


def test_a_log_is_closed_when_nobody_wrote_to_it_for_long() -> None:
    """Reading it does not count, being moved by rotation does; one that takes one block cannot be made smaller."""
    assert RULES.means(log())
    assert RULES.means(replace(log(), atime_ns=1000))
    assert not RULES.means(replace(log(), mtime_ns=100))
    assert not RULES.means(replace(log(), ctime_ns=100))
    assert not RULES.means(replace(log(), size=4096))


@pytest.mark.parametrize(
    "path",
    [
        b"/var/log/wtmp.1", b"/var/log/btmp.1", b"/var/log/lastlog.old", b"/var/log/faillog.1",
        b"/var/log/lost+found/app.log", b"/var/log/owned.log", b"/var/log/owned.log.1", b"/var/log/audit/audit.log.1",
    ],
)  # fmt: skip
def test_what_is_never_compressed(path: bytes) -> None:
    """Records of logins, what a crash left, what logrotate owns, and what the administrator names."""
    assert RULES.means(log(path))
    assert RULES.why_left(log(path))


def test_what_may_be_compressed() -> None:
    """Logs of programs that rotate themselves, or that are gone."""
    for path in (b"/var/log/app.log", b"/var/log/app/app.log.1", b"/srv/logs/other-20240131"):
        assert RULES.why_left(log(path)) is None


def test_logs_are_compressed_with_what_readers_of_logs_read() -> None:
    """That is gzip; reading one meanwhile is no reason to leave it."""
    seen = Seen(files=(Sampled(file=log(), saved_share=0.9),), left={}, limit_ns=100)
    (action,) = plan_logs(LogsOptions(), seen).actions
    assert (action.target["algorithm"], "not_read_since_ns" in action.relied_on) == ("gzip", False)
