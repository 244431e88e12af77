"""Counts what a job has done, and reports it now and then."""

from optimizer.paths import readable
from optimizer.ports import Progress

_FILES_BETWEEN = 512
_BYTES_BETWEEN = 1 << 20


class NoProgress:
    """Nobody is watching, and nobody can cancel."""

    def report(self, **counts: int | str) -> None:
        """Forget it."""


class Meter:
    """The files and bytes of one phase of a job, reported every 512 files and every MiB."""

    def __init__(self, progress: Progress, phase: str) -> None:
        self.files = 0
        self.bytes = 0
        self._progress = progress
        self._phase = phase
        self._due_files = self._due_bytes = 0

    def add(self, path: bytes, *, files: int = 0, size: int = 0) -> None:
        """Count `files` more and `size` bytes more, at `path`. Raises CancelledError once the job is cancelled."""
        self.files += files
        self.bytes += size
        if self.files >= self._due_files or self.bytes >= self._due_bytes:
            self._due_files = self.files + _FILES_BETWEEN
            self._due_bytes = self.bytes + _BYTES_BETWEEN
            self._progress.report(phase=self._phase, files=self.files, bytes=self.bytes, current=readable(path))
