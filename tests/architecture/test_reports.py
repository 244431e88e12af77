"""What docs/reports.md claims to be tested is tested."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: A test file, with or without its folder, and one of its tests where one is named
NAMED = re.compile(r"`([\w/]*test_\w+\.py)(?:::(test_\w+))?`")
ROWS = [row for row in (ROOT / "docs/reports.md").read_text().splitlines() if "#" in row and row.startswith("|")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_test_that_is_named_exists(row: str) -> None:
    """Under the name that stands there; and each row says what happened and what is done here."""
    assert all(map(str.strip, row.split("|")[1:4]))
    for file, test in NAMED.findall(row):
        tests = _tests(file)
        assert tests, file
        assert not test or test in tests, test


def _tests(file: str) -> set[str]:
    """Of all files of that name."""
    return {
        node.name
        for path in (ROOT / "tests").rglob(Path(file).name)
        if str(path).endswith(f"/{file}")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
