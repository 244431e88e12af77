"""A look at every process that this one can see."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from optimizer.host import procfs
from optimizer.host.procfs import PROC, ProcessStat
from optimizer.ports import Progress
from optimizer.values import JsonObject

#: A process that ends while it is looked at: ENOENT before its file is opened, ESRCH afterwards.
GONE = (FileNotFoundError, ProcessLookupError)
#: So many errors are told one by one; all are counted.
_ERRORS_TOLD = 100


@dataclass(slots=True)
class Scan:
    """What was seen, and what was there but could not be read."""

    stats: list[ProcessStat] = field(default_factory=list)
    errors: list[JsonObject] = field(default_factory=list)
    unreadable: int = 0

    def failed(self, pid: int, error: Exception) -> None:
        self.unreadable += 1
        if len(self.errors) < _ERRORS_TOLD:
            self.errors.append({"pid": pid, "reason": str(error)})

    def to_json(self) -> JsonObject:
        return {
            "processes_read": len(self.stats),
            "processes_unreadable": self.unreadable,
            "errors": self.errors,
            "error_count": self.unreadable,
        }


def scan(progress: Progress, proc_root: Path = PROC) -> Scan:
    """Read every process. One that ends meanwhile is not missed: it holds nothing any more.

    Raises CancelledError, and OSError where there is no /proc.
    """
    found = Scan()
    for pid in procfs.pids(proc_root):
        progress.report(phase="processes", processes_read=len(found.stats))
        found.stats.extend(_read(pid, found, proc_root))
    return found


def _read(pid: int, found: Scan, proc_root: Path) -> Iterator[ProcessStat]:
    try:
        yield procfs.read_process(pid, proc_root)
    except GONE:
        pass
    except (OSError, ValueError) as error:
        found.failed(pid, error)
