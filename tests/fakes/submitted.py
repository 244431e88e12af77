"""Jobs as somebody might submit them."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from optimizer.jobs import Job
from tests.fakes.clock import NOON


def new_job(kind: str = "analyze_cpu", *, host: str = "here", due_at: datetime | None = None, **options: Any) -> Job:
    """Asked for at NOON or, where it is due, at that moment."""
    return Job(
        optimization_id=str(uuid4()),
        kind=kind,
        host=host,
        options=options,
        created_at=due_at or NOON,
        due_at=due_at,
    )
