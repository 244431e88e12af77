"""A file that is touched with each heartbeat, for a container's health check: a look at it costs nothing."""

from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


def touch(file: Path | None) -> None:
    """Say that this process is alive, where a file is named for it. One that cannot be written is no reason to stop."""
    if file is None:
        return
    try:
        file.touch()
    except OSError as error:
        log.warning("heart_not_touched", file=str(file), reason=error.strerror)
