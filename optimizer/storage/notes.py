"""What the engine noted of single entries, in the log of a scan."""

from optimizer.host.tree import ScanLog
from optimizer.storage.engine.notes import Notes


def add_notes(notes: Notes, log: ScanLog) -> ScanLog:
    """The same log, with what was noted."""
    for path, why in notes.errors:
        log.record(path, why)
    log.error_count += notes.error_count - len(notes.errors)
    for path in notes.skipped_mounts:
        log.skipped_mount(path)
    return log
