"""Closed logs, and whose they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from optimizer.host.files import ScanRoots
from optimizer.options import LogsOptions
from optimizer.ports import Clock, Progress
from optimizer.storage.compress.analyze import Sampler, ns_before
from optimizer.storage.compress.names import GZIP
from optimizer.storage.compress.plan import Seen
from optimizer.storage.keep import Keep
from optimizer.storage.logs.logrotate import Logrotate, parse
from optimizer.storage.logs.rules import LogRules

#: Where programs write logs, by the Filesystem Hierarchy Standard; read only inside HRO_ROOTS
_LOGS = b"/var/log"
#: Where logrotate's own timer has its configuration
LOGROTATE = Path("/etc/logrotate.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """How this host's logs are looked at."""

    roots: ScanRoots
    keep: Keep
    clock: Clock
    logrotate: Path = LOGROTATE

    def look(self, options: LogsOptions, progress: Progress) -> Seen:
        """Raises PathForbiddenError, PathNotFoundError, PathUnusableError, CancelledError."""
        limit_ns = ns_before(self.clock, options.days_old)
        folders = [options.path.encode()] if options.path else self._folders()
        notes = [] if folders else ["/var/log is not inside HRO_ROOTS, and no path was given."]
        try:
            logrotate = read(self.logrotate)
        except OSError as error:
            note = f"{error.filename} cannot be read, so nobody knows which logs logrotate owns, and all stay."
            return Seen(files=(), left={}, limit_ns=limit_ns, notes=(note,))
        if logrotate is None:
            notes.append(f"There is no {self.logrotate} here, so no log is known to be logrotate's.")
        rules = LogRules(limit_ns=limit_ns, keep=self.keep, logrotate=logrotate or Logrotate())
        sampler = Sampler(self.roots, GZIP, rules)
        sampler.take(folders, progress)
        return sampler.seen(limit_ns, *notes)

    def _folders(self) -> list[bytes]:
        """All of /var/log, or those roots that are below it."""
        if self.roots.holds(_LOGS):
            return [_LOGS]
        return [root for root in self.roots.distinct() if root.startswith(_LOGS + b"/")]


def read(path: Path) -> Logrotate | None:
    """A configuration, with what it includes; None where there is none. Raises OSError."""
    texts = list(_texts(path))
    known = [parse(text) for text in texts]
    included = [parse(text) for one in known for name in one.includes for text in _texts(Path(name))]
    return Logrotate(tuple(chain.from_iterable(one.globs for one in [*known, *included]))) if texts else None


def _texts(path: Path) -> Iterator[str]:
    """Of a file, or of all files of a folder. More of them than logrotate reads do no harm. Raises OSError."""
    try:
        yield path.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return
    except IsADirectoryError:
        for file in sorted(path.iterdir()):
            if file.is_file():
                yield from _texts(file)
