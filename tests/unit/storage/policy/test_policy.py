"""What a file of policies may say."""

import pytest

from optimizer.errors import SettingsError
from optimizer.storage.policy.policy import Step, parse

GOOD = """
[data]
path = "/srv/data"
high_percent = 85
low_percent = 75.5
order = ["quarantine", "temp"]
max_bytes = 1000
max_files = 10
"""


def test_a_policy_is_read_with_its_defaults() -> None:
    """By name."""
    policy = parse(GOOD)["data"]
    assert (policy.high_percent, policy.low_percent, policy.order) == (85, 75.5, (Step.QUARANTINE, Step.TEMP))
    assert (policy.min_age_days, policy.quarantine_days, policy.inodes_high_percent) == (7, 1, None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("85", "70"), "low_percent must be less than high_percent"),
        (("85", '"85"'), "high_percent"),
        (('"temp"', '"temp", "temp"'), "order must name each step once"),
        (('"quarantine", "temp"', '"temp", "quarantine"'), "order must begin with quarantine"),
        (('"temp"', '"everything"'), "order"),
        (("max_files = 10", ""), "max_files"),
        (("max_files = 10", "max_files = 10\ninodes_high_percent = 9"), "inodes_low_percent"),
        (("max_files = 10", "max_files = 10\nsoon = true"), "soon"),
        (("/srv/data", "data"), "path"),
        (("[data]", "[da.ta]"), "HRO_POLICIES"),
        (("85", "85,"), "not TOML"),
    ],
)
def test_a_bad_policy_is_named_with_what_to_change(change: tuple[str, str], named: str) -> None:
    """The service does not start with it."""
    with pytest.raises(SettingsError, match=named):
        parse(GOOD.replace(*change))


def test_no_file_is_no_policy() -> None:
    """Nothing is reclaimed unasked."""
    assert parse("") == {}
