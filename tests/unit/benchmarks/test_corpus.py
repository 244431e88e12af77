"""Names of any bytes, and the tree of a million files at a scale that a test can hold."""

from hypothesis import given

from benchmarks.corpus import PLANS, make_plan
from benchmarks.corpus_plan import escaped, unescaped
from tests.strategies import paths


@given(paths)
def test_a_spelling_names_its_path(path: bytes) -> None:
    """`unescaped` undoes `escaped`, and the spelling is printable ASCII."""
    assert unescaped(escaped(path)) == path
    assert escaped(path).isprintable()
    assert escaped(path).isascii()


def test_the_million_is_that_in_small() -> None:
    """Folders of a hundred files, none over 400 bytes, three in ten a copy; and no test builds it by the way."""
    plan = make_plan("million", scale=0.01)
    folders = {path.rpartition(b"/")[0] for path in plan.files}
    assert (len(plan.files), len(folders)) == (10_000, 100)
    assert max(content.size for content in plan.files.values()) <= 400
    assert 0.28 < plan.summary()["redundant_files"] / 10_000 < 0.32
    assert "million" not in PLANS
