"""The answer of `hro dupes`."""

from collections.abc import Sequence

from optimizer.cli.local_answer import Answer
from optimizer.cli.local_options import Options
from optimizer.host.tree import Tree
from optimizer.ports import Progress
from optimizer.storage.duplicates.group_json import answer_json, group_json
from optimizer.storage.duplicates.search import report_of, search, search_rendered


def answer(trees: Sequence[Tree], progress: Progress, options: Options) -> Answer:
    digests = "--no-digest" not in options.given
    if "--json" in options.given:
        found = search_rendered(trees, progress, group_json, digests=digests)
        report = report_of(found, ())
        others = {"reclaimable_bytes": found.gain, **report.scan_json()}
        return Answer(answer_json(found.groups, others), report.log, report.changed_count)
    from optimizer.cli.local_text import duplicates_text  # noqa: PLC0415 - not needed for JSON, which has to be fast

    report = search(trees, progress, digests=digests)
    return Answer(duplicates_text(report), report.log, report.changed_count)
