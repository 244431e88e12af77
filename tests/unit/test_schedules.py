"""What runs when, as a file says it."""

from datetime import UTC, datetime

import pytest

from optimizer.errors import SettingsError
from optimizer.schedules import DEFAULT, parse

GOOD = """
[nightly]
kind = "analyze_duplicates"
cron = "30 3 * * *"
options = { path = "/srv" }
host = "db1"

[often]
kind = "analyze_memory"
every = "5m"
"""


def test_a_file_names_its_schedules() -> None:
    """With their options and their host."""
    nightly, often = parse(GOOD)
    assert (nightly.name, nightly.cron, nightly.options, nightly.host) == (
        "nightly", "30 3 * * *", {"path": "/srv"}, "db1"
    )  # fmt: skip
    assert (often.every_seconds, often.host) == (300, None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("nonsense", "TOML"),
        ("x = 1", "x"),
        ('["a b"]\nkind = "analyze_cpu"\nevery = "1h"', "a b"),
        ('[a]\nkind = "analyze_cpu"', "every or cron"),
        ('[a]\nkind = "analyze_cpu"\nevery = "1h"\ncron = "* * * * *"', "every or cron"),
        ('[a]\nkind = "analyse_cpu"\nevery = "1h"', "analyse_cpu"),
        ('[a]\nkind = "analyze_cpu"\nevery = "0h"', "every"),
        ('[a]\nkind = "analyze_cpu"\nevery = "1h"\nnext = 1', "next"),
        ('[a]\nkind = "analyze_storage"\nevery = "1h"', "/path"),
    ],
)
def test_what_is_wrong_in_it_is_named(text: str, named: str) -> None:
    """The entry, and what to change."""
    with pytest.raises(SettingsError, match="HRO_SCHEDULES") as caught:
        parse(text)
    assert named in caught.value.message


def test_a_tick_has_one_id_whoever_submits_it() -> None:
    """And another one an hour later, or under another name."""
    due, later = datetime(2026, 1, 2, 3, tzinfo=UTC), datetime(2026, 1, 2, 4, tzinfo=UTC)
    (hourly,) = DEFAULT
    assert hourly.job_id(due) == hourly.job_id(due)
    assert hourly.job_id(due) != hourly.job_id(later)
    assert hourly.job_id(due) != hourly.model_copy(update={"name": "other"}).job_id(due)
