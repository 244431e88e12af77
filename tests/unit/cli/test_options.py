"""Words of a command line as the options of a kind."""

import pytest

from optimizer.cli.options import options_from_words
from optimizer.errors import InvalidRequestError
from optimizer.kinds import KINDS


@pytest.mark.parametrize(
    ("kind", "words", "options"),
    [
        ("optimize_cache", ["--rules", "apt", "--rules", "pip"], {"rules": ["apt", "pip"]}),
        ("optimize_cache", ["--allow-irreversible"], {"allow_irreversible": True}),
        ("optimize_temp", ["/tmp", "--days-old", "30"], {"path": "/tmp", "days_old": 30}),
        ("optimize_temp", ["--days-old", "30", "/tmp"], {"path": "/tmp", "days_old": 30}),
        ("optimize_temp", ["--days-old", "30"], {"days_old": 30}),
        ("optimize_temp", [], {}),
    ],
)
def test_words_become_options(kind: str, words: list[str], options: dict[str, object]) -> None:
    """A number is a number, a flag is true, what is given several times is a list, and a lone word is the path."""
    assert options_from_words(KINDS[kind], words) == (options, False)


def test_json_may_be_asked_for_among_the_options() -> None:
    """It is none of them: it says how the plan is shown."""
    assert options_from_words(KINDS["optimize_temp"], ["/tmp", "--json"]) == ({"path": "/tmp"}, True)


def test_a_word_that_cannot_be_used_is_named() -> None:
    """With the option that it was given for."""
    with pytest.raises(InvalidRequestError, match="/days_old"):
        options_from_words(KINDS["optimize_temp"], ["--days-old", "soon"])
