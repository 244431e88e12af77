"""Jobs as somebody might submit them."""

from typing import Any
from uuid import uuid4

from optimizer.jobs import Job
from tests.fakes.clock import NOON


def new_job(kind: str = "analyze_cpu", *, host: str = "here", **options: Any) -> Job:
    return Job(optimization_id=str(uuid4()), kind=kind, host=host, options=options, created_at=NOON)
