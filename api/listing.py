"""One page of the list of jobs."""

from typing import Any

from api.schemas import ListQuery
from api.views import listed_json
from optimizer.jobs import JobRecord
from optimizer.store.jobs import JobStore

#: Records looked through for one page of a filtered list; a longer look goes on from its next_cursor
_MOST_LOOKED_AT = 1000


def page_of(store: JobStore, asked: ListQuery) -> dict[str, Any]:
    """The jobs that match, newest first, and the cursor of the next page where there may be one."""
    look = _MOST_LOOKED_AT if _is_filtered(asked) else asked.limit
    found = store.list(after=asked.cursor, limit=look)
    page = [record for record in found if _matches(record, asked)][: asked.limit]
    is_full = len(page) == asked.limit
    last = page[-1] if is_full else found[-1] if len(found) == look else None
    return {
        "optimizations": [listed_json(record) for record in page],
        "next_cursor": last.job.optimization_id if last else None,
    }


def _is_filtered(asked: ListQuery) -> bool:
    return any((asked.status, asked.kind, asked.resource, asked.host))


def _matches(record: JobRecord, asked: ListQuery) -> bool:
    return (
        asked.status in (None, record.status)
        and asked.kind in (None, record.job.kind)
        and asked.resource in (None, record.job.resource)
        and asked.host in (None, *record.job.hosts)
    )
