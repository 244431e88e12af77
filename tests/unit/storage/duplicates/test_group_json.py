"""Groups as text are the JSON that the report gives of them."""

import json
import os
from pathlib import Path

from optimizer.host.meter import NoProgress
from optimizer.storage.duplicates.group_json import answer_json, group_json
from optimizer.storage.duplicates.search import report_of, search, search_rendered
from tests.trees import make, opened

NAMES = [
    b'quote"',
    b"back\\slash",
    b"new\nline",
    "umlaut-ü".encode(),
    b"latin-\xe9",
    b"plain",
    b"\x7f",
    b"\xed\xa0\x80",
]


def test_the_answer_is_that_of_the_report(tmp_path: Path) -> None:
    """Whatever the names of the files are."""
    make(tmp_path, {"one": b"one", "two": b"one"})
    for name in NAMES:
        (tmp_path / os.fsdecode(name)).write_bytes(b"same")
    with opened(tmp_path) as tree:
        report = search([tree], NoProgress())
        found = search_rendered([tree], NoProgress(), group_json)
    others = {"reclaimable_bytes": report.reclaimable_bytes, **report_of(found, ()).scan_json()}
    assert json.loads(b"".join(answer_json(found.groups, others))) == report.to_json()
    assert [group.copies for group in report.groups] == [len(NAMES), 2]
