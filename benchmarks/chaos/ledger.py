"""What the clients were promised, and what lay on the disk before anything was changed."""

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Ledger:
    """For any number of threads."""

    accepted: set[str] = field(default_factory=set)  #: answered with 202, or sent by a send_task that returned
    foreign: set[str] = field(default_factory=set)  #: those of them that came as Celery messages
    files: dict[str, str] = field(default_factory=dict)  #: SHA-256 of each file that a job may move, by path
    surprises: list[str] = field(default_factory=list)  #: requests that were refused, or never answered
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accept(self, optimization_id: str, *, foreign: bool = False) -> str:
        with self._lock:
            self.accepted.add(optimization_id)
            if foreign:
                self.foreign.add(optimization_id)
        return optimization_id

    def surprise(self, what: str) -> None:
        with self._lock:
            self.surprises.append(what)

    def write(self, path: Path, content: bytes) -> None:
        """Write a file and remember what it holds. Raises OSError; then it is not remembered."""
        path.write_bytes(content)
        with self._lock:
            self.files[str(path)] = hashlib.sha256(content).hexdigest()
