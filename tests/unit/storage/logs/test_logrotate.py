"""Which logs are logrotate's, by its configuration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.storage.logs.logrotate import Logrotate, parse

CONFIGURATION = r"""
# the system's own
weekly
include /etc/logrotate.d
/var/log/messages
/var/log/cron {
    rotate 5
    postrotate
        [ -f /var/log/trap.log ] && kill -HUP $(cat /run/syslogd.pid) # } is no end
    endscript
}
"/var/log/my app/access.log" /var/log/httpd/*.log {
    olddir /var/log/httpd/old
}
/var/log/one.log { rotate 4 }
# /var/log/remark.log {
/var/log/news/* {
    olddir=archive
    create 640 /root/no-log root
}
~/log/*.log {}
"""


@pytest.mark.parametrize(
    "owned",
    [
        b"/var/log/messages",
        b"/var/log/messages.1",
        b"/var/log/cron-20240131",
        b"/var/log/cron.2024-01-31.gz",
        b"/var/log/my app/access.log",
        b"/var/log/httpd/error.log",
        b"/var/log/httpd/error.log.12",
        b"/var/log/httpd/error-20240131.log",
        b"/var/log/httpd/old/error.log.1",
        b"/var/log/one.log.1",
        b"/var/log/news/anything",
        b"/var/log/news/archive/anything",
    ],
)
def test_a_log_and_what_rotating_makes_of_it_are_logrotates(owned: bytes) -> None:
    """Numbers and dates in any format, and folders for old ones."""
    assert parse(CONFIGURATION).owns(owned)


@pytest.mark.parametrize(
    "free",
    [
        b"/var/log/syslog",
        b"/var/log/trap.log",
        b"/var/log/remark.log",
        b"/var/log/httpd/deeper/error.log",
        b"/var/log/onelog",
        b"/root/no-log",
        b"/other/var/log/messages",
        b"/var/log/\xff.log",
    ],
)
def test_other_logs_are_not(free: bytes) -> None:
    """Words of scripts, of remarks and of directives name no logs; a star stands for no slash."""
    assert not parse(CONFIGURATION).owns(free)


def test_what_is_included_is_told() -> None:
    """For whoever may read it."""
    assert parse(CONFIGURATION).includes == ("/etc/logrotate.d",)
    assert parse("") == Logrotate()


@given(st.text(alphabet="/ab*?[]{}\"'\\# \n=~", max_size=60), st.binary(max_size=20))
def test_no_text_is_too_odd(text: str, name: bytes) -> None:
    """Whatever is in a file of the administrator's."""
    assert parse(text).owns(b"/var/log/" + name) in (True, False)
