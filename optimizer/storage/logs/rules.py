"""Which files are closed logs, and which of them stay as they are. Pure."""

import posixpath
import re
from dataclasses import dataclass

from optimizer.storage.candidate import Candidate
from optimizer.storage.compress.rules import why_unsuited
from optimizer.storage.keep import Keep
from optimizer.storage.logs.logrotate import Logrotate

#: What rotating appends to a name: a number (.1), a date (-20240131, .2024-01-31) with or without a time, or .old
_ROTATED = re.compile(rb".(\.\d{1,4}|[-._](\d{8}([-._T]?\d{2,10})?|\d{4}-\d\d-\d\d([-._T][\d:.-]+)?|old))$")
#: What logs are called while they are written to; one that nobody has open and that is old enough was closed
_LOG = b".log"
#: Binary records of logins; programs read them as they are, rotated ones too. See utmp(5), lastlog(8), faillog(5)
_LOGINS = (b"wtmp", b"btmp", b"utmp", b"lastlog", b"faillog", b"tallylog")
#: A smaller log takes one block, and its compressed one would too
_LEAST_SIZE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRules:
    """Logs that were not written to for long. To read a log is no use of it that would have to wait."""

    limit_ns: int  #: since 1970: what was written to then or later may be written to again
    keep: Keep
    logrotate: Logrotate

    def means(self, file: Candidate) -> bool:
        is_old = max(file.mtime_ns, file.ctime_ns) < self.limit_ns
        return is_old and file.size > _LEAST_SIZE and file.allocated > 0 and is_log(file.path)

    def why_left(self, file: Candidate) -> str | None:
        if posixpath.basename(file.path).startswith(_LOGINS):
            return "it records logins, and is read as it is"
        if b"/lost+found/" in file.path:
            return "it was found after a crash, and nobody knows what it is"
        if self.logrotate.owns(file.path):
            return "logrotate owns it"
        return self.keep.reason(file.path) or why_unsuited(file)


def is_log(path: bytes) -> bool:
    """Whether a file's name says that it is a log, rotated or not."""
    name = posixpath.basename(path)
    return name.endswith(_LOG) or _ROTATED.search(name) is not None
