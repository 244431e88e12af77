"""Structured logs: one JSON object a line on standard error, ours and every library's alike.

Bound with `structlog.contextvars`, optimization_id and request_id stand in each line of their job or request. Our own
lines do not pass through the standard library's logging: a request's line would cost as much as the rest of it.
"""

import json
import logging
import sys
from typing import Any, TextIO

import structlog

#: Made once: structlog's own renderer has an encoder made for every line
_encode = json.JSONEncoder(sort_keys=True, default=repr).encode


def _as_json(_logger: Any, _method: str, line: structlog.typing.EventDict) -> str:
    return _encode(line)


_RENDERED: tuple[structlog.typing.Processor, ...] = (structlog.processors.EventRenamer("message"), _as_json)


class _Line(structlog.WriteLogger):
    """Writes a line at once, and knows by which name it was asked for.

    With the lock of structlog's writer: an unbuffered standard error, as containers have it, mixes what threads write.
    """

    def __init__(self, file: TextIO, name: str) -> None:
        super().__init__(file)
        self.name = name


def _lines(*names: Any) -> _Line:
    return _Line(sys.stderr, str(names[0]) if names else "root")


_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def configure(level: str) -> None:
    """Send every log record of this process to standard error as JSON. Safe to call again."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_RENDERED],
        )
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    structlog.configure(
        processors=[*_SHARED, *_RENDERED],
        logger_factory=_lines,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
