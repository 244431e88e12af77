"""The answer of `hro dupes`."""

import os
from collections.abc import Sequence

from optimizer.cli.local_answer import Answer
from optimizer.cli.local_options import Options
from optimizer.host.tree import Tree
from optimizer.ports import CacheFile, Progress
from optimizer.storage.duplicates.group_json import answer_json, group_json
from optimizer.storage.duplicates.search import report_of, search, search_rendered

#: A digest is used for a week, and all of them may take so much.
_KEPT_SECONDS, _ROOM = 7 * 24 * 3600, 512_000_000


def answer(trees: Sequence[Tree], progress: Progress, options: Options) -> Answer:
    digests = "--no-digest" not in options.given
    cache = _cache() if "--cache" in options.given else None
    if "--json" in options.given:
        found = search_rendered(trees, progress, group_json, digests=digests, cache=cache, keep_as=b"json")
        report = report_of(found, ())
        others = {"reclaimable_bytes": found.gain, **report.scan_json()}
        return Answer(answer_json(found.groups, others), report.log, report.changed_count)
    from optimizer.cli.local_text import duplicates_text  # noqa: PLC0415 - not needed for JSON, which has to be fast

    report = search(trees, progress, digests=digests, cache=cache)
    return Answer(duplicates_text(report), report.log, report.changed_count, report.cache_errors)


def _cache() -> CacheFile:
    """That of this user; see the XDG Base Directory Specification."""
    from optimizer.host.clock import SystemClock  # noqa: PLC0415 - brings datetime, which takes long to import

    # No setting of the product, whose reader takes longer to import than a small tree to search
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111, TID251
    now = SystemClock().now().timestamp()
    return CacheFile(f"{base}/hro/digests.db", now, now - _KEPT_SECONDS, _ROOM)
