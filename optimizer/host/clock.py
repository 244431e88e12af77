"""The real clock; the one place that asks the system for the time of day."""

import time
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this is the Clock port

    def monotonic(self) -> float:
        return time.monotonic()
