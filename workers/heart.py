"""A file that is touched with each heartbeat, for a container's health check: a look at it costs nothing."""

from pathlib import Path

import structlog

FOLDER = "hearts"

log = structlog.get_logger(__name__)


def touch(state_dir: Path, name: str) -> None:
    """Say in the state folder that this process is alive. A folder that cannot be written to is no reason to stop."""
    try:
        (state_dir / FOLDER).mkdir(exist_ok=True)
        (state_dir / FOLDER / name).touch()
    except OSError as error:
        log.debug("heart_not_touched", reason=error.strerror)
