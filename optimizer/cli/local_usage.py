"""The answer of `hro usage`."""

import json
from collections.abc import Sequence

from optimizer.cli.local_answer import Answer
from optimizer.cli.local_options import Options
from optimizer.host.clock import SystemClock
from optimizer.host.tree import Tree
from optimizer.paths import path_fields
from optimizer.ports import Progress
from optimizer.storage.usage import measure_usage
from optimizer.storage.usage_report import usage_json


def answer(trees: Sequence[Tree], progress: Progress, options: Options) -> Answer:
    found = measure_usage(trees, progress, now=SystemClock().now().timestamp())
    if "--json" in options.given:
        where = path_fields(trees[0].path) if len(trees) == 1 else {}
        by_tree = [totals.to_json() for totals in found.sums.trees]
        return Answer([json.dumps({**where, "trees": by_tree, **usage_json(found)}).encode()], found.log)
    from optimizer.cli.local_text import usage_text  # noqa: PLC0415 - not needed for JSON, which has to be fast

    return Answer(usage_text(found), found.log)
